// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/guarded.hpp>
#include <multiprocess/detail/index_iterator.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/raw_array.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// A fixed number of items in shared memory with a lock. Items are of any trivially copyable type
/// without pointers.
///
/// A copyable handle: copies, in whatever process, are the same array under the same lock. Each
/// access takes the lock; for many items take it once: `with_lock`, or `get_obj()` under
/// `std::scoped_lock`.
template <class T, class L = RLock>
class Array : public detail::Guarded<RawArray<T>, L> {
  using Base = detail::Guarded<RawArray<T>, L>;

 public:
  using value_type = T;
  class Element;
  using Iterator = detail::apart::IndexIterator<Array, T, Element>;

  struct Options {
    L lock = {};
  };

  /// `size` items, all zero. Throws ValueError for a size that is negative or more than any memory
  /// has, std::bad_alloc when shared memory is short.
  template <detail::Count Number>
  explicit Array(Number size) : Base(RawArray<T>(size), L()) {}
  Array(std::initializer_list<T> items) : Base(RawArray<T>(items), L()) {}
  template <class R>
  requires(!std::derived_from<std::remove_cvref_t<R>, Base> &&
           detail::ItemRange<R, T>) explicit Array(R&& items)
      : Base(RawArray<T>(std::forward<R>(items)), L()) {}
  /// The characters, without a NUL at the end.
  explicit Array(const char* text) requires(std::is_same_v<T, char>)
      : Base(RawArray<T>(text), L()) {}

  /// With a lock that other objects share: `Array<int, mp::Lock> a({.lock = lock}, 10)`.
  template <class Items>
  Array(Options options, Items&& items)
      : Base(RawArray<T>(std::forward<Items>(items)), std::move(options.lock)) {}
  Array(Options options, std::initializer_list<T> items)
      : Base(RawArray<T>(items), std::move(options.lock)) {}

  /// Puts a lock to an array that is there already.
  Array(RawArray<T> raw, L lock) : Base(std::move(raw), std::move(lock)) {}

  std::ptrdiff_t size() const noexcept { return this->raw().size(); }

  /// One item, under the lock; counted from the end when `index` is negative. Throws IndexError.
  T get(detail::Index index) const {
    T& item = this->raw().at(index);
    const auto held = this->pass();
    return item;
  }
  void set(detail::Index index, const T& value) const {
    T& item = this->raw().at(index);
    const auto held = this->pass();
    item = value;
  }

  /// Stands for the item: it is read and assigned under the lock, and `a[i] += 1` is one locked
  /// step. Throws IndexError.
  Element operator[](detail::Index index) const { return Element(*this, this->raw().at(index)); }

  /// The items as they are at one moment.
  std::vector<T> to_vector() const {
    const auto held = this->pass();
    return {this->raw().begin(), this->raw().end()};
  }

  /// Python's `a[begin:end]`: out of range is cut off.
  std::vector<T> slice(detail::Index begin,
                       detail::Index end = std::numeric_limits<std::ptrdiff_t>::max()) const {
    const detail::Slice part = detail::python_slice(begin, end, static_cast<std::size_t>(size()));
    const auto held = this->pass();
    return {this->raw().data() + part.begin, this->raw().data() + part.end};
  }

  /// Writes the items of a range, beginning with item `index`, in one locked step. Throws
  /// IndexError, or ValueError when they do not all fit; then nothing is written.
  template <detail::ItemRange<T> R>
  void assign(detail::Index index, R&& items) const {
    std::deque<T> converted;  // before the lock: the range may be one of ours
    for (auto&& item : items) {
      converted.push_back(detail::item_of<T>(item));
    }
    write(index, converted);
  }
  void assign(detail::Index index, std::initializer_list<T> items) const { write(index, items); }

  /// The text up to its first NUL.
  std::string value() const requires(std::is_same_v<T, char>) {
    const auto held = this->pass();
    return {this->raw().begin(), std::find(this->raw().begin(), this->raw().end(), '\0')};
  }
  /// Writes the text, and a NUL behind it if there is room. Throws ValueError when it is longer
  /// than the array.
  void set_value(std::string_view text) const requires(std::is_same_v<T, char>) {
    if (text.size() > this->raw().get_obj().size()) {
      detail::throw_other_size(text.size(), this->raw().get_obj().size());
    }
    const auto held = this->pass();
    char* const end = std::copy(text.begin(), text.end(), this->raw().begin());
    if (end != this->raw().end()) {
      *end = '\0';
    }
  }

  /// As Value::with_lock, with `f(std::span<T>)`.
  template <class F>
  decltype(auto) with_lock(F&& f) const {
    return this->guard(std::forward<F>(f), get_obj());
  }

  /// The items themselves, without the lock; valid as long as a handle is.
  std::span<T> get_obj() const noexcept { return this->raw().get_obj(); }

  Iterator begin() const { return Iterator(*this, 0); }
  Iterator end() const { return Iterator(*this, size()); }

  friend std::string mp_repr(const Array& array) {
    return std::is_same_v<T, char> ? "<SynchronizedString wrapper for " + mp_repr(array.raw()) + ">"
                                   : "<SynchronizedArray wrapper for " + mp_repr(array.raw()) + ">";
  }

  static Array decode(detail::InputArchive& archive) {
    auto raw = detail::read_value<RawArray<T>>(archive);
    return Array(std::move(raw), detail::read_value<L>(archive));
  }

 private:
  template <class Items>
  void write(std::ptrdiff_t index, const Items& items) const {
    const auto all = static_cast<std::size_t>(size());
    // An empty range may stand at the end.
    const std::size_t first = index == size() ? all : detail::checked_index(index, all);
    if (items.size() > all - first) {
      detail::throw_other_size(items.size(), all - first);
    }
    const auto held = this->pass();
    std::copy(items.begin(), items.end(), this->raw().data() + first);
  }
};

template <std::ranges::input_range R>
Array(R&&) -> Array<std::ranges::range_value_t<R>>;
Array(const char*)->Array<char>;

/// Stands for one item of an Array.
template <class T, class L>
class Array<T, L>::Element {
 public:
  operator T() const {
    const auto held = array_.pass();
    return item_;
  }
  const Element& operator=(const T& value) const {
    const auto held = array_.pass();
    item_ = value;
    return *this;
  }
  Element(const Element&) = default;
  /// The value of the other item, not the other item.
  Element& operator=(const Element& other) {
    *this = static_cast<T>(other);
    return *this;
  }

  const Element& operator++() const {
    return change([](T& item) { ++item; });
  }
  const Element& operator--() const {
    return change([](T& item) { --item; });
  }
  /// The item as it was.
  T operator++(int) const {
    const auto held = array_.pass();
    return item_++;
  }
  T operator--(int) const {
    const auto held = array_.pass();
    return item_--;
  }

#define MULTIPROCESS_ELEMENT_STEP(op)                                      \
  const Element& operator op##=(const T& value) const {                    \
    return change([&](T& item) { item = static_cast<T>(item op value); }); \
  }
  MULTIPROCESS_ELEMENT_STEP(+)
  MULTIPROCESS_ELEMENT_STEP(-)
  MULTIPROCESS_ELEMENT_STEP(*)
  MULTIPROCESS_ELEMENT_STEP(/)
  MULTIPROCESS_ELEMENT_STEP(%)
  MULTIPROCESS_ELEMENT_STEP(&)
  MULTIPROCESS_ELEMENT_STEP(|)
  MULTIPROCESS_ELEMENT_STEP(^)
  MULTIPROCESS_ELEMENT_STEP(<<)
  MULTIPROCESS_ELEMENT_STEP(>>)
#undef MULTIPROCESS_ELEMENT_STEP

 private:
  friend class Array;
  friend std::string mp_repr(const Element& element) requires(fmt::is_formattable<T>::value) {
    return fmt::format("{}", static_cast<T>(element));
  }
  Element(const Array& array, T& item) : array_(array), item_(item) {}

  template <class F>
  const Element& change(F f) const {
    const auto held = array_.pass();
    f(item_);
    return *this;
  }

  Array array_;
  T& item_;
};

/// A new array without a lock, apart from the first, with the same items at one moment.
template <class T, class L>
RawArray<T> copy(const Array<T, L>& array) {
  return RawArray<T>(array.to_vector());
}

/// The same array with a lock: a new RLock, or one that other objects share.
template <class T, class L = RLock>
Array<T, L> synchronized(const RawArray<T>& raw, L lock = {}) {
  return Array<T, L>(raw, std::move(lock));
}

}  // namespace multiprocess
