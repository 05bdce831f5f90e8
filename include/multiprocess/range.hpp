// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess {
namespace detail {

template <class T>
concept RangeNumber = std::integral<T> && !std::same_as<T, bool>;

/// The type of the numbers between an A and a B: signed when either is, as `range(n - 1, -1, -1)`
/// needs.
template <class A, class B>
struct RangeValue : std::common_type<A, B> {};
template <class A, class B>
requires(std::is_signed_v<A> != std::is_signed_v<B>) struct RangeValue<A, B>
    : std::make_signed<std::common_type_t<A, B>> {
};

/// How many numbers lie in [0, distance) in steps of `step`. Throws ValueError for more than a
/// range can count.
std::ptrdiff_t range_size(std::uintmax_t distance, std::uintmax_t step);
[[noreturn]] void refuse_range_step();
[[noreturn]] void refuse_range_bound(std::string number);
/// From Python's index (negative: from the end) to ours. Throws IndexError.
std::ptrdiff_t range_position(std::ptrdiff_t index, std::ptrdiff_t size);
std::string range_repr(const std::string& start, const std::string& stop, std::ptrdiff_t step);

template <class T, RangeNumber From>
constexpr T range_bound(From number) {
  if (!std::in_range<T>(number)) {
    refuse_range_bound(std::to_string(number));
  }
  return static_cast<T>(number);
}

}  // namespace detail

/// The numbers start, start + step, ... before stop, as Python's `range` counts them.
///
/// A random access range that stores three numbers, not the sequence; `range` makes one.
template <detail::RangeNumber T>
class Range {
 public:
  class Iterator;
  using value_type = T;

  /// Throws ValueError when `step` is 0.
  constexpr Range(T start, T stop, std::ptrdiff_t step) : start_(start), stop_(stop), step_(step) {
    if (step == 0) {
      detail::refuse_range_step();
    }
    const auto from = static_cast<std::uintmax_t>(start);
    const auto to = static_cast<std::uintmax_t>(stop);
    const auto stride = static_cast<std::uintmax_t>(step);
    if (step > 0 ? start < stop : start > stop) {
      size_ = step > 0 ? detail::range_size(to - from, stride)
                       : detail::range_size(from - to, 0 - stride);
    }
  }

  constexpr Iterator begin() const noexcept { return {start_, step_, 0}; }
  constexpr Iterator end() const noexcept { return {start_, step_, size_}; }
  constexpr std::ptrdiff_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }

  /// A negative index counts from the end. Throws IndexError.
  constexpr T operator[](std::ptrdiff_t index) const {
    return begin()[detail::range_position(index, size_)];
  }

  constexpr T start() const noexcept { return start_; }
  constexpr T stop() const noexcept { return stop_; }
  constexpr std::ptrdiff_t step() const noexcept { return step_; }

  /// The same numbers in the same order, however they were written.
  friend constexpr bool operator==(const Range& a, const Range& b) noexcept {
    return a.size_ == b.size_ &&
           (a.size_ == 0 || (a.start_ == b.start_ && (a.size_ == 1 || a.step_ == b.step_)));
  }

  friend std::string mp_repr(const Range& range) {
    return detail::range_repr(std::to_string(range.start_), std::to_string(range.stop_),
                              range.step_);
  }

 private:
  T start_;
  T stop_;
  std::ptrdiff_t step_;
  std::ptrdiff_t size_ = 0;
};

/// A place in a Range; it stays valid without the Range.
template <detail::RangeNumber T>
class Range<T>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using reference = T;
  using pointer = void;
  using iterator_concept = std::random_access_iterator_tag;
  using iterator_category = std::input_iterator_tag;  // its reference is a value

  constexpr Iterator() noexcept = default;
  constexpr Iterator(T start, std::ptrdiff_t step, std::ptrdiff_t index) noexcept
      : start_(start), step_(step), index_(index) {}

  constexpr T operator*() const noexcept { return (*this)[0]; }
  constexpr T operator[](std::ptrdiff_t n) const noexcept {
    // Unsigned: the steps of a range of far negative to far positive numbers do not overflow.
    return static_cast<T>(static_cast<std::uintmax_t>(start_) +
                          static_cast<std::uintmax_t>(index_ + n) *
                              static_cast<std::uintmax_t>(step_));
  }

  constexpr Iterator& operator++() noexcept { return *this += 1; }
  constexpr Iterator& operator--() noexcept { return *this -= 1; }
  constexpr Iterator operator++(int) noexcept { return {start_, step_, index_++}; }
  constexpr Iterator operator--(int) noexcept { return {start_, step_, index_--}; }
  constexpr Iterator& operator+=(std::ptrdiff_t n) noexcept {
    index_ += n;
    return *this;
  }
  constexpr Iterator& operator-=(std::ptrdiff_t n) noexcept { return *this += -n; }

  friend constexpr Iterator operator+(Iterator i, std::ptrdiff_t n) noexcept { return i += n; }
  friend constexpr Iterator operator+(std::ptrdiff_t n, Iterator i) noexcept { return i += n; }
  friend constexpr Iterator operator-(Iterator i, std::ptrdiff_t n) noexcept { return i -= n; }
  friend constexpr std::ptrdiff_t operator-(const Iterator& a, const Iterator& b) noexcept {
    return a.index_ - b.index_;
  }
  friend constexpr bool operator==(const Iterator& a, const Iterator& b) noexcept {
    return a.index_ == b.index_;
  }
  friend constexpr auto operator<=>(const Iterator& a, const Iterator& b) noexcept {
    return a.index_ <=> b.index_;
  }

 private:
  T start_ = 0;
  std::ptrdiff_t step_ = 1;
  std::ptrdiff_t index_ = 0;
};

/// 0, 1, ... before `stop`.
template <detail::RangeNumber Stop>
constexpr Range<Stop> range(Stop stop) {
  return {Stop{0}, stop, 1};
}

/// start, start + step, ... before `stop`; downwards when `step` is negative.
///
/// Throws ValueError when `step` is 0 or when a bound does not fit the type of the numbers, which
/// is signed when either bound is.
template <detail::RangeNumber Start, detail::RangeNumber Stop, detail::RangeNumber Step = int>
constexpr auto range(Start start, Stop stop, Step step = 1) {
  using T = typename detail::RangeValue<Start, Stop>::type;
  return Range<T>(detail::range_bound<T>(start), detail::range_bound<T>(stop),
                  detail::range_bound<std::ptrdiff_t>(step));
}

}  // namespace multiprocess
