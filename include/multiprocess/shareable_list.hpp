// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/index_iterator.hpp>
#include <multiprocess/detail/list_item.hpp>
#include <multiprocess/shared_memory.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess {

/// A list of fixed length in shared memory that Python's ShareableList reads and writes as well.
///
/// An item is None, a bool, an integer of 64 bits, a double, text in UTF-8 or bytes. It may become
/// another one that fits into the place that the first had: a number always does, text and bytes up
/// to the next multiple of 8 above their first length. As in Python NULs at their end are lost, and
/// nothing is locked.
///
/// A copyable handle; it crosses to other processes, related or not, as SharedMemory does. What
/// stands in the block is checked at every access: a damaged one is a ValueError.
class ShareableList {
 public:
  static constexpr bool multiprocess_codec = true;
  using Bytes = multiprocess::Bytes;
  using Item = detail::ListItem;
  class Element;
  using Iterator = detail::apart::IndexIterator<ShareableList, Item, Element>;
  using value_type = Item;

  /// A new list. Throws as SharedMemory::create does; ValueError for text that is not UTF-8, or too
  /// long for the format (10 million bytes).
  ShareableList(std::initializer_list<Item> items, std::string name = {});
  template <std::ranges::input_range R>
  requires(
      !std::convertible_to<R, std::string_view> &&
      !std::derived_from<std::remove_cvref_t<R>, ShareableList> &&
      std::constructible_from<
          Item, std::ranges::range_reference_t<R>>) explicit ShareableList(R&& items,
                                                                           std::string name = {});

  /// Another list of the same items.
  ShareableList(const ShareableList& other, std::string name);

  /// The list in the block of that name. Throws as SharedMemory does, ValueError when there is no
  /// list in it.
  static ShareableList attach(std::string name);

  /// Stands for the item. Counted from the end when negative; throws IndexError.
  Element operator[](detail::Index index) const;
  Item at(detail::Index index) const;
  /// Throws TypeError when the item is of another type, and cannot become a T without loss.
  template <class T>
  T get(detail::Index index) const;
  /// Throws ValueError when it does not fit: then the item is what it was.
  void set(detail::Index index, const Item& item) const;

  std::ptrdiff_t size() const;
  /// How many items are equal to this one; where the first is, or else ValueError.
  std::ptrdiff_t count(const Item& item) const;
  std::ptrdiff_t index(const Item& item) const;
  Iterator begin() const;
  Iterator end() const;

  /// The items' formats, in the language of Python's struct module, one after the other.
  std::string format() const;

  /// The memory that the list is in: for close, unlink and the name.
  const SharedMemory& shm() const noexcept { return memory_; }

  /// The items as they are now.
  std::vector<Item> copy() const;

  friend bool operator==(const ShareableList&, const ShareableList&) = default;
  friend std::string mp_repr(const ShareableList& list);

  void encode(detail::OutputArchive& archive) const { memory_.encode(archive); }
  static ShareableList decode(detail::InputArchive& archive);

 private:
  struct Place;
  explicit ShareableList(SharedMemory memory) : memory_(std::move(memory)) {}
  static ShareableList make(std::span<const Item> items, std::string name);
  Place place(std::ptrdiff_t index) const;

  SharedMemory memory_;
};

/// Stands for one item of a ShareableList.
class ShareableList::Element {
 public:
  operator Item() const { return list_.at(index_); }
  template <class T>
  T as() const {
    return list_.at(index_).as<T>();
  }
  bool is_none() const { return list_.at(index_).is_none(); }

  const Element& operator=(const Item& item) const {
    list_.set(index_, item);
    return *this;
  }
  Element(const Element&) = default;
  /// The value of the other item, not the other item.
  Element& operator=(const Element& other) {
    list_.set(index_, other);
    return *this;
  }

  friend bool operator==(const Element& a, const Item& b) { return a.list_.at(a.index_) == b; }
  template <std::same_as<Object> O>
  friend bool operator==(const Element& a, const O& none) {
    return a == Item(none);
  }
  friend bool operator==(const Element& a, const Element& b) { return a == Item(b); }
  friend std::string mp_repr(const Element& element) { return mp_repr(Item(element)); }

 private:
  friend class ShareableList;
  Element(const ShareableList& list, std::ptrdiff_t index) : list_(list), index_(index) {}

  ShareableList list_;
  std::ptrdiff_t index_;
};

template <std::ranges::input_range R>
requires(!std::convertible_to<R, std::string_view> &&
         !std::derived_from<std::remove_cvref_t<R>, ShareableList> &&
         std::constructible_from<ShareableList::Item, std::ranges::range_reference_t<R>>)
    ShareableList::ShareableList(R&& items, std::string name)
    : memory_([&] {
        std::vector<Item> all;
        for (auto&& item : items) {
          all.emplace_back(std::forward<decltype(item)>(item));
        }
        return make(all, std::move(name)).memory_;
      }()) {}

template <class T>
T ShareableList::get(detail::Index index) const {
  return at(index).as<T>();
}

}  // namespace multiprocess
