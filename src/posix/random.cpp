// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/random.hpp>

#include "system_error.hpp"

#include <sys/random.h>

#include <cerrno>

namespace multiprocess::detail::os {

void fill_random(std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t got = getrandom(into.data(), into.size(), 0);
    if (got >= 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      throw last_error("getrandom");
    }
  }
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace multiprocess::detail::os
