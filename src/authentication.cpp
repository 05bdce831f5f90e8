// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/authentication.hpp>

#include <multiprocess/detail/os/hmac.hpp>

namespace multiprocess {

bool operator==(const AuthenticationString& a, const AuthenticationString& b) noexcept {
  return detail::os::equal_in_constant_time(a, b);
}

}  // namespace multiprocess
