// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/authentication.hpp>

#include <algorithm>

namespace multiprocess {

bool operator==(const AuthenticationString& a, const AuthenticationString& b) noexcept {
  std::byte difference{};
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= a.data()[i] ^ b.data()[i];
  }
  return a.size() == b.size() && difference == std::byte{};
}

}  // namespace multiprocess
