// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/imap.hpp>
#include <multiprocess/detail/map_mistakes.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/pool_call.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/detail/task.hpp>
#include <multiprocess/pool_options.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A pool has from 1 to so many workers.
inline constexpr std::ptrdiff_t most_workers = 1024;

/// Throw ValueError for what cannot be.
int worker_count(std::ptrdiff_t processes);
OrderTerms terms(const TaskOptions& options);
OrderTerms terms(const MapOptions& options, std::size_t items, std::size_t workers);
OrderTerms imap_terms(const MapOptions& options);

/// The arguments that an item of a starmap stands for, as they are kept.
template <class T>
struct ItemTuple {
  static_assert(sizeof(T) == 0,
                "multiprocess: starmap takes the arguments of each call from an item, which has to "
                "be a std::tuple, std::pair or std::array: write "
                "std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}}, or map(f, items) for a "
                "function of one argument");
  using type = std::tuple<stored_t<T>>;
};
template <class... A>
struct ItemTuple<std::tuple<A...>> {
  using type = std::tuple<stored_t<A>...>;
};
template <class A, class B>
struct ItemTuple<std::pair<A, B>> {
  using type = std::tuple<stored_t<A>, stored_t<B>>;
};
template <class T, std::size_t N>
struct ItemTuple<std::array<T, N>> {
  template <std::size_t>
  using Each = stored_t<T>;
  template <std::size_t... I>
  static std::tuple<Each<I>...> make(std::index_sequence<I...>);
  using type = decltype(make(std::make_index_sequence<N>()));
};

template <class Range>
using item_t = stored_t<std::ranges::range_value_t<Range>>;
template <class Range>
using item_tuple_t = typename ItemTuple<std::ranges::range_value_t<Range>>::type;

template <class R>
R wait_for(const AsyncResult<R>& result) {
  ValueState<R>& state = AsyncResultAccess::state(result);
  state.wait(os::never);
  state.throw_error();
  if constexpr (!std::is_void_v<R>) {
    return state.take();
  }
}

/// What pools of every kind offer, over what they differ in: `submit_single`, `submit_many`,
/// `submit_lazily`, `worker_count`, `require_running`.
///
/// All of it throws ValueError when the pool was closed. A function may take a std::stop_token
/// before its arguments.
template <class Derived>
class MapCalls : private MapMistakes {
 public:
  // With those that say what is wrong.
  using MapMistakes::imap;
  using MapMistakes::imap_unordered;
  using MapMistakes::map;
  using MapMistakes::map_async;
  using MapMistakes::starmap;
  using MapMistakes::starmap_async;

  /// Calls `f(args...)` in a worker and waits for what it returns, or throws.
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, TaskOptions>) auto apply(F&& f, Args&&... args) {
    return apply(TaskOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto apply(TaskOptions options, F&& f, Args&&... args) {
    return detail::wait_for(
        submit_call<Caller::waits>(options, std::forward<F>(f), std::forward<Args>(args)...));
  }

  /// The same without waiting.
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, TaskOptions>) auto apply_async(F&& f, Args&&... args) {
    return apply_async(TaskOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto apply_async(TaskOptions options, F&& f, Args&&... args) {
    return submit_call<Caller::goes_on>(options, std::forward<F>(f), std::forward<Args>(args)...);
  }

  /// Calls `f(item)` for each item and waits for the results, in the order of the items.
  ///
  /// When some fail, the one that failed first is thrown, after all are done; an item of the same
  /// chunk after a failed one is left out. The default chunksize is Python's: a fourth of a
  /// worker's share.
  template <class F, std::ranges::input_range Range>
  auto map(F&& f, Range&& range, MapOptions options = {}) {
    return detail::wait_for(submit<Caller::waits, Spread::one, item_t<Range>>(
        std::forward<F>(f), detail::items_of(std::forward<Range>(range)), options));
  }
  template <class F, class T>
  auto map(F&& f, std::initializer_list<T> items, MapOptions options = {}) {
    return detail::wait_for(
        submit<Caller::waits, Spread::one, stored_t<T>>(std::forward<F>(f), items, options));
  }

  template <class F, std::ranges::input_range Range>
  auto map_async(F&& f, Range&& range, MapOptions options = {}) {
    return submit<Caller::goes_on, Spread::one, item_t<Range>>(
        std::forward<F>(f), detail::items_of(std::forward<Range>(range)), options);
  }
  template <class F, class T>
  auto map_async(F&& f, std::initializer_list<T> items, MapOptions options = {}) {
    return submit<Caller::goes_on, Spread::one, stored_t<T>>(std::forward<F>(f), items, options);
  }

  /// As map, for items that are tuples, pairs or arrays of all arguments.
  template <class F, std::ranges::input_range Range>
  auto starmap(F&& f, Range&& range, MapOptions options = {}) {
    return detail::wait_for(submit<Caller::waits, Spread::all, item_tuple_t<Range>>(
        std::forward<F>(f), std::forward<Range>(range), options));
  }
  template <class R, class... A>
  auto starmap(R (*f)(A...), std::initializer_list<std::tuple<stored_t<A>...>> items,
               MapOptions options = {}) {
    return detail::wait_for(
        submit<Caller::waits, Spread::all, std::tuple<stored_t<A>...>>(f, items, options));
  }
  template <class F, std::ranges::input_range Range>
  auto starmap_async(F&& f, Range&& range, MapOptions options = {}) {
    return submit<Caller::goes_on, Spread::all, item_tuple_t<Range>>(
        std::forward<F>(f), std::forward<Range>(range), options);
  }
  template <class R, class... A>
  auto starmap_async(R (*f)(A...), std::initializer_list<std::tuple<stored_t<A>...>> items,
                     MapOptions options = {}) {
    return submit<Caller::goes_on, Spread::all, std::tuple<stored_t<A>...>>(f, items, options);
  }

  /// As map, one result after the other: a range that reads the input as it goes. Unlike in Python
  /// the input is read in the calling thread, at most `buffersize` items ahead (unless given: about
  /// a thousand, or 32 MiB), so it may be endless. An lvalue must live as long.
  template <class F, std::ranges::input_range Range>
  auto imap(F&& f, Range&& range, MapOptions options = {}) {
    return lazily(std::forward<F>(f), detail::items_of(std::forward<Range>(range)), options, true);
  }
  template <class F, class T>
  auto imap(F&& f, std::initializer_list<T> items, MapOptions options = {}) {
    return lazily(std::forward<F>(f), std::vector<T>(items), options, true);
  }
  /// As imap, in the order in which the results come.
  template <class F, std::ranges::input_range Range>
  auto imap_unordered(F&& f, Range&& range, MapOptions options = {}) {
    return lazily(std::forward<F>(f), detail::items_of(std::forward<Range>(range)), options, false);
  }
  template <class F, class T>
  auto imap_unordered(F&& f, std::initializer_list<T> items, MapOptions options = {}) {
    return lazily(std::forward<F>(f), std::vector<T>(items), options, false);
  }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  template <Caller caller, class F, class... Args>
  auto submit_call(const TaskOptions& options, F&& f, Args&&... args) {
    using Arguments = std::tuple<stored_t<Args>...>;
    Derived::template require_task<std::decay_t<F>, Arguments>();
    detail::require_not_null(f);
    return self().template submit_single<std::decay_t<F>, Arguments>(
        CallTerms<caller>(terms(options)), std::forward<F>(f),
        Arguments(detail::store(std::forward<Args>(args))...));
  }

  template <Caller caller, Spread spread, class Item, class F, class Range>
  auto submit(F&& f, Range&& range, const MapOptions& options) {
    using Function = std::decay_t<F>;
    using Arguments = typename SpreadItem<spread, Item>::type;
    Derived::template require_task<Function, Arguments>();
    detail::require_not_null(f);
    if constexpr (std::ranges::sized_range<Range>) {
      return submit_sized<caller, spread, Item, Function>(
          std::forward<F>(f), std::forward<Range>(range), std::ranges::size(range), options);
    } else if constexpr (std::ranges::forward_range<Range>) {
      return submit_sized<caller, spread, Item, Function>(
          std::forward<F>(f), std::forward<Range>(range), std::ranges::distance(range), options);
    } else {
      std::vector<Item> items;
      for (auto&& item : range) {
        items.push_back(detail::item_from<Item>(std::forward<decltype(item)>(item)));
      }
      return submit_sized<caller, spread, Item, Function>(std::forward<F>(f), std::move(items),
                                                          items.size(), options);
    }
  }

  template <Caller caller, Spread spread, class Item, class Function, class F, class Range>
  auto submit_sized(F&& f, Range&& range, auto size, const MapOptions& options) {
    using R = task_result_t<Function, typename SpreadItem<spread, Item>::type>;
    self().require_running();
    const CallTerms<caller> all(
        terms(options, static_cast<std::size_t>(size), self().worker_count()));
    if (all.items == 0) {
      return AsyncResultAccess::make<many_t<R>>(std::make_shared<DoneCall<many_t<R>>>());
    }
    return self().template submit_many<spread, Item, Function>(all, options, std::forward<F>(f),
                                                               std::forward<Range>(range));
  }

  template <class F, class Range>
  auto lazily(F&& f, Range&& range, const MapOptions& options, bool ordered) {
    using Item = item_t<Range>;
    Derived::template require_task<std::decay_t<F>, std::tuple<Item>>();
    detail::require_not_null(f);
    self().require_running();
    return self().template submit_lazily<std::decay_t<F>, Item>(
        imap_terms(options), options, std::forward<F>(f), std::forward<Range>(range), ordered);
  }
};

}  // namespace multiprocess::detail
