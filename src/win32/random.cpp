// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/random.hpp>

#include "system.hpp"

#include <bcrypt.h>

namespace multiprocess::detail::os {

void fill_random(std::span<std::byte> into) {
  const NTSTATUS status =
      BCryptGenRandom(nullptr, reinterpret_cast<unsigned char*>(into.data()),
                      static_cast<ULONG>(into.size()), BCRYPT_USE_SYSTEM_PREFERRED_RNG);
  if (status != 0) {
    throw last_error("BCryptGenRandom", std::errc::io_error);
  }
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace multiprocess::detail::os
