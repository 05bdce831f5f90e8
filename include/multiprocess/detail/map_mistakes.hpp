// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>

#include <ranges>
#include <type_traits>

namespace multiprocess::detail {

template <class T>
concept CountArgument = Count<std::remove_cvref_t<T>>;

/// Fails to compile, with a sentence that says what to write instead.
template <class Items>
constexpr void refuse_map() {
  constexpr bool items = std::ranges::input_range<Items>;
  static_assert(items,
                "multiprocess: map and its like take a range of items, as a std::vector or "
                "{1, 2, 3}: write apply(f, arguments...) for a single call");
  static_assert(!items,
                "multiprocess: the chunksize is an option of map and its like: write "
                "map(f, items, {.chunksize = 4})");
}

template <class Items, class... Options>
concept MapMistake = !std::ranges::input_range<Items> ||
                     (sizeof...(Options) == 1 && (CountArgument<Options> && ...));

/// The calls of a pool as somebody might write them who knows Python's; none of them compiles.
class MapMistakes {
 public:
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void map(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void map_async(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void starmap(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void starmap_async(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void imap(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
  template <class F, class Items, class... Options>
  requires MapMistake<Items, Options...>
  void imap_unordered(F&&, Items&&, Options&&...) const { refuse_map<Items>(); }
};

}  // namespace multiprocess::detail
