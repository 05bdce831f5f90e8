// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/repr.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess {
namespace detail {

using Nanoseconds = std::chrono::nanoseconds;

template <class T>
concept NumberOrPointer = (std::is_arithmetic_v<T> && !std::same_as<T, bool>) ||
                          std::is_pointer_v<T> || std::same_as<T, std::nullptr_t>;

/// `count * num / den` nanoseconds, rounded up, at least 0 and at most the longest there is.
/// Throws ValueError for NaN.
Nanoseconds wait_time(long double count, long double num, long double den);

template <std::intmax_t nanoseconds_each, std::integral Rep>
constexpr Nanoseconds exact_wait_time(Rep count) noexcept {
  constexpr Nanoseconds::rep most = Nanoseconds::max().count() / nanoseconds_each;
  if (count <= 0) {
    return Nanoseconds::zero();
  }
  return std::cmp_greater(count, most)
             ? Nanoseconds::max()
             : Nanoseconds(static_cast<Nanoseconds::rep>(count) * nanoseconds_each);
}

template <class Rep, class Period>
constexpr Nanoseconds wait_time(std::chrono::duration<Rep, Period> duration) {
  constexpr bool in_range = Period::num <= std::giga::num && std::nano::den % Period::den == 0;
  if constexpr (std::integral<Rep> && in_range) {
    return exact_wait_time<std::ratio_divide<Period, std::nano>::num>(duration.count());
  } else {
    return wait_time(static_cast<long double>(duration.count()), Period::num, Period::den);
  }
}

}  // namespace detail

/// How long a call may wait: a `std::chrono` duration, or for ever (`std::nullopt`).
///
/// Fractions of the clock's ticks round up, negative durations mean 0, durations beyond the clock
/// mean for ever. Unlike in Python a bare number is refused by the compiler: write `5s`.
class Timeout {
 public:
  /// For ever.
  constexpr Timeout(std::nullopt_t) noexcept {}

  /// At most `duration`. Throws ValueError when it is not a number (NaN).
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> duration)
      : duration_(detail::wait_time(duration)) {}

  template <detail::NumberOrPointer NumberWithoutUnit>
  Timeout(NumberWithoutUnit) = delete;  // A timeout is a duration: write 5s or 500ms, not 5.

  constexpr bool is_forever() const noexcept { return duration_ == detail::Nanoseconds::max(); }

  /// The longest that the clock can count when it is for ever.
  constexpr std::chrono::nanoseconds duration() const noexcept { return duration_; }

  /// The moment at which a wait that starts now gives up. Looks at the clock only when it must.
  detail::os::Deadline deadline() const {
    return is_forever()                                    ? detail::os::never
           : duration_ == std::chrono::nanoseconds::zero() ? detail::os::at_once
                                                           : deadline_from_now();
  }

  friend constexpr bool operator==(Timeout, Timeout) noexcept = default;
  /// As Python writes one: seconds, or None.
  friend std::string mp_repr(Timeout timeout);

 private:
  detail::os::Deadline deadline_from_now() const;

  std::chrono::nanoseconds duration_ = detail::Nanoseconds::max();
};

/// The Timeout of a call that waits as long as it takes.
inline constexpr Timeout forever = std::nullopt;

/// Whether a call may wait at all: Python's `block`. Made from a `bool` and from nothing else.
class Block {
 public:
  template <std::same_as<bool> Bool>
  constexpr Block(Bool block) noexcept : block_(block) {}

  constexpr explicit operator bool() const noexcept { return block_; }

  friend std::string mp_repr(Block block) { return block ? "True" : "False"; }

 private:
  bool block_;
};

/// How long a call with both arguments waits: not at all when it may not block.
constexpr Timeout effective_timeout(Block block, Timeout timeout) {
  return block ? timeout : Timeout(std::chrono::nanoseconds::zero());
}

namespace detail {

/// How long it is until `moment` of any clock. In floating point, since no difference of two
/// moments is too large for that.
template <class Clock, class Duration>
Timeout time_until(std::chrono::time_point<Clock, Duration> moment) {
  using Exact = std::chrono::duration<long double, std::nano>;
  return Exact(moment.time_since_epoch()) - Exact(Clock::now().time_since_epoch());
}

}  // namespace detail
}  // namespace multiprocess
