// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/timeout.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <cmath>

namespace multiprocess {

namespace detail {

Nanoseconds wait_time(long double count, long double num, long double den) {
  if (std::isnan(count)) {
    throw ValueError("the timeout is not a number (NaN)");
  }
  if (count <= 0) {
    return Nanoseconds::zero();
  }
  const long double exact = count * (num * std::nano::den) / den;
  constexpr auto most = static_cast<long double>(Nanoseconds::max().count());
  return exact >= most ? Nanoseconds::max()
                       : Nanoseconds(static_cast<Nanoseconds::rep>(std::ceil(exact)));
}

}  // namespace detail

detail::os::Deadline Timeout::deadline_from_now() const {
  const auto now = std::chrono::steady_clock::now();
  const bool beyond = duration_ > detail::os::never - now;
  return beyond ? detail::os::never : now + duration_;
}

std::string mp_repr(Timeout timeout) {
  if (timeout.is_forever()) {
    return "None";
  }
  return fmt::format("{}", std::chrono::duration<double>(timeout.duration()).count());
}

}  // namespace multiprocess
