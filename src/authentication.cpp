// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/authentication.hpp>

#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/error.hpp>

namespace multiprocess {

bool operator==(const AuthenticationString& a, const AuthenticationString& b) noexcept {
  return detail::os::equal_in_constant_time(a, b);
}

bool operator==(const AuthenticationString& a, const Key& b) noexcept {
  return detail::os::equal_in_constant_time(a, b.bytes());
}

std::string_view detail::key_text(const char* text) {
  if (text == nullptr) {
    throw TypeError("a key is text or bytes, not a null pointer");
  }
  return text;
}

}  // namespace multiprocess
