// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/transport.hpp>

#include <fmt/format.h>

#include <system_error>

namespace multiprocess::detail {

void Transport::close() noexcept {
  os::Handle native(handle_.exchange(os::no_handle));
  if (native) {
    native.reset();
    closed();
  }
}

void throw_too_long(std::uint64_t size, std::uint64_t most) {
  throw std::system_error(
      std::make_error_code(std::errc::message_size),
      fmt::format("bad message length: a message of {} bytes, where at most {} were asked for, "
                  "was dropped",
                  size, most));
}

}  // namespace multiprocess::detail
