// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/doorbell.hpp>

#include <utility>

namespace multiprocess::test {

/// The ends of a stream of bytes as programs have it that know nothing of one another's memory. The
/// ends of a doorbell are such ones.
inline std::pair<detail::os::Handle, detail::os::Handle> make_stream_handles() {
  return detail::os::make_doorbell();
}

}  // namespace multiprocess::test
