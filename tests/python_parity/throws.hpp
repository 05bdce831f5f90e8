// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/error.hpp>

#include <string>

namespace multiprocess::test {

/// The Python name of what a call throws, "nothing" when it returns.
template <class F>
std::string what_it_throws(F call) try {
  call();
  return "nothing";
} catch (const AssertionError&) {
  return "AssertionError";
} catch (const ValueError&) {
  return "ValueError";
} catch (const RuntimeError&) {
  return "RuntimeError";
} catch (const std::exception& error) {
  return error.what();
}

}  // namespace multiprocess::test
