// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/skip.hpp"

#include <filesystem>

namespace multiprocess::test {

inline unsigned mode_of(const std::filesystem::path&) {
  skip("a pipe is no file");
}

}  // namespace multiprocess::test
