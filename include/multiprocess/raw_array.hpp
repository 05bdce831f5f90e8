// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_data.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace multiprocess {

namespace detail {

/// What an array of T can be made of or assigned from.
template <class R, class T>
concept ItemRange =
    std::ranges::input_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, T>;

}  // namespace detail

/// A fixed number of items in shared memory, one after the other, without a lock: an item is read
/// and written by a plain load and store. Items are of any trivially copyable type without
/// pointers, or a std::atomic of such a type.
///
/// A copyable handle: copies, in whatever process, are the same array. It is a contiguous range:
/// algorithms and spans take it.
template <class T>
class RawArray {
 public:
  using shared_handle = void;
  using value_type = T;

  /// `size` items, all zero. Throws ValueError for a size that is negative or more than any memory
  /// has, std::bad_alloc when shared memory is short.
  template <detail::Count Number>
  explicit RawArray(Number size) : ref_(make(detail::count(size))) {}
  RawArray(std::initializer_list<T> items) requires(std::is_copy_assignable_v<T>)
      : ref_(make(std::ssize(items))) {
    fill(items);
  }
  template <class R>
  requires(!std::derived_from<std::remove_cvref_t<R>, RawArray> &&
           detail::ItemRange<R, T>) explicit RawArray(R&& items)
      : ref_(make(length_of(items))) {
    fill(items);
  }
  /// The characters, without a NUL at the end.
  explicit RawArray(const char* text) requires(std::is_same_v<T, char>)
      : RawArray(std::string_view(text)) {}

  std::ptrdiff_t size() const noexcept { return static_cast<std::ptrdiff_t>(items().count); }
  T* data() const noexcept { return items().template items<T>(); }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + size(); }

  /// Unchecked; any integer type.
  template <std::convertible_to<std::size_t> Number>
  T& operator[](Number index) const noexcept {
    return data()[index];
  }
  /// Counted from the end when negative. Throws IndexError.
  T& at(detail::Index index) const { return data()[detail::checked_index(index, items().count)]; }
  std::span<T> get_obj() const noexcept { return {data(), items().count}; }

  friend bool operator==(const RawArray&, const RawArray&) = default;
  friend std::string mp_repr(const RawArray& array) {
    return detail::raw_array_repr(detail::item_name<T>, array.ref_);
  }

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received) {
    detail::require_shared_items(received, detail::ItemType<T>::tag, detail::type_name<T>());
  }

 private:
  static detail::SharedRef make(std::ptrdiff_t count) {
    detail::require_shareable<T>();
    return detail::make_shared_items(detail::ItemType<T>::tag, sizeof(T),
                                     detail::SharedItems::offset<T>, count);
  }
  template <class R>
  static std::ptrdiff_t length_of(R& items) {
    static_assert(std::ranges::forward_range<R> || std::ranges::sized_range<R>,
                  "multiprocess: how many items there are must be known before they are read: put "
                  "them into a std::vector first");
    return static_cast<std::ptrdiff_t>(std::ranges::distance(items));
  }
  template <class R>
  void fill(R& items) const {
    T* to = data();
    for (auto&& item : items) {
      *to++ = detail::item_of<T>(item);
    }
  }
  detail::SharedItems& items() const noexcept {
    return *static_cast<detail::SharedItems*>(ref_.address());
  }

  detail::SharedRef ref_;
};

template <std::ranges::input_range R>
RawArray(R&&) -> RawArray<std::ranges::range_value_t<R>>;

RawArray(const char*)->RawArray<char>;

/// A new array, apart from the first, with the same items at this moment.
template <class T>
RawArray<T> copy(const RawArray<T>& array) {
  RawArray<T> made(array.size());
  for (std::ptrdiff_t i = 0; i < array.size(); ++i) {
    detail::assign_item<T>(made.data()[i], array.data()[i]);
  }
  return made;
}

}  // namespace multiprocess
