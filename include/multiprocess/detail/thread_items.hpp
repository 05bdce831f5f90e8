// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/pool_call.hpp>
#include <multiprocess/detail/type_facts.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace multiprocess::detail {

// Where the items of a map come from. `with(i, use)` gives the item to the one call that it is for.

/// The map's own: each is used up.
template <class Container>
class OwnItems {
 public:
  explicit OwnItems(Container items) : items_(std::move(items)) {}

  template <class Use>
  void with(std::uint64_t i, Use use) {
    use(*(std::ranges::begin(items_) + static_cast<std::ptrdiff_t>(i)));
  }

 private:
  Container items_;
};

/// The caller's, who waits: calls get copies, as those of processes do, of what can be copied.
template <class T>
class LentItems {
 public:
  explicit LentItems(T* first) : first_(first) {}

  template <class Use>
  void with(std::uint64_t i, Use use) {
    if constexpr (can_copy<std::remove_cv_t<T>>) {
      std::remove_cv_t<T> copy(std::as_const(first_[i]));
      use(copy);
    } else {
      use(first_[i]);
    }
  }

 private:
  T* first_;
};

/// Whether an rvalue of it means that its items are given away; those of a handle are others' too.
template <class Range>
inline constexpr bool owns_items =
    !std::is_lvalue_reference_v<Range> && !std::ranges::view<std::remove_cvref_t<Range>> &&
    !std::is_const_v<std::remove_reference_t<Range>> && !requires {
  typename std::remove_cvref_t<Range>::shared_handle;
};

/// Items that lie side by side are used where they are while their owner waits.
template <class Item, class Range>
inline constexpr bool can_lend = !owns_items<Range> && std::ranges::contiguous_range<Range> &&
                                 std::is_same_v<std::ranges::range_value_t<Range>, Item>;

template <class Range>
auto lend_items(Range&& range) {
  using T = std::remove_reference_t<std::ranges::range_reference_t<Range>>;
  return LentItems<T>(std::ranges::data(range));
}

/// Whether they can be copied, or moved when they are given away.
template <class Item, class Range>
inline constexpr bool can_keep =
    std::is_constructible_v<
        Item, std::conditional_t<owns_items<Range>, std::ranges::range_rvalue_reference_t<Range>,
                                 std::ranges::range_reference_t<Range>>> ||
    !std::is_same_v<std::ranges::range_value_t<Range>, Item>;

/// A task that is out of time may be at its item when its caller has gone on.
[[noreturn]] void throw_must_be_given();

template <class Item, class Range>
auto keep_items(Range&& range) {
  if constexpr (owns_items<Range> && std::ranges::random_access_range<Range> &&
                std::is_same_v<std::ranges::range_reference_t<Range>, Item&>) {
    return OwnItems<std::remove_cvref_t<Range>>(std::move(range));
  } else {
    // A vector<bool> has no items of its own to lend out.
    using Container =
        std::conditional_t<std::is_same_v<Item, bool>, std::deque<Item>, std::vector<Item>>;
    static_assert(can_keep<Item, Range>,
                  "multiprocess: items that cannot be copied are given away (std::move(range)), or "
                  "lent to a call that waits: map");
    Container items;
    if constexpr (requires { items.reserve(std::ranges::size(range)); }) {
      items.reserve(static_cast<std::size_t>(std::ranges::size(range)));
    }
    for (auto at = std::ranges::begin(range); at != std::ranges::end(range); ++at) {
      if constexpr (owns_items<Range>) {
        items.push_back(item_from<Item>(std::ranges::iter_move(at)));
      } else {
        items.push_back(item_from<Item>(*at));
      }
    }
    return OwnItems<Container>(std::move(items));
  }
}

/// The results of a map, which several threads put into their places at once.
template <class R>
class ThreadResults {
 public:
  explicit ThreadResults(std::size_t items) : places_(items) {}

  void put(std::uint64_t i, R&& result) {
    if constexpr (in_place) {
      places_[i] = std::move(result);
    } else {
      places_[i].emplace(std::move(result));
    }
  }

  std::vector<R> take() {
    if constexpr (in_place) {
      return std::move(places_);
    } else {
      std::vector<R> results;
      results.reserve(places_.size());
      for (auto& place : places_) {
        results.push_back(std::move(*place));
      }
      return results;
    }
  }

 private:
  static constexpr bool in_place = std::is_nothrow_default_constructible_v<R> &&
                                   std::is_move_assignable_v<R> && !std::is_same_v<R, bool>;

  std::vector<std::conditional_t<in_place, R, std::optional<R>>> places_;
};

template <>
class ThreadResults<void> {
 public:
  explicit ThreadResults(std::size_t) {}
  void put(std::uint64_t, std::monostate) {}
};

}  // namespace multiprocess::detail
