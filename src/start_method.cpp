// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/start_method.hpp>

#include <multiprocess/error.hpp>

#include <array>
#include <string>

namespace multiprocess {

std::string_view to_string(StartMethod method) noexcept {
  switch (method) {
    case StartMethod::fork:
      return "fork";
    case StartMethod::spawn:
      return "spawn";
    case StartMethod::forkserver:
      return "forkserver";
  }
  return "unknown";
}

StartMethod parse_start_method(std::string_view name) {
  constexpr std::array all{StartMethod::fork, StartMethod::spawn, StartMethod::forkserver};
  for (const StartMethod method : all) {
    if (to_string(method) == name) {
      return method;
    }
  }
  throw ValueError("cannot find context for '" + std::string(name) +
                   "': the start methods are fork, spawn and forkserver");
}

std::string mp_repr(StartMethod method) {
  return std::string(to_string(method));
}

}  // namespace multiprocess
