// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result_proxy.hpp>
#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/map_mistakes.hpp>
#include <multiprocess/detail/pool_operations.hpp>
#include <multiprocess/detail/stream_proxy.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/detail/task.hpp>
#include <multiprocess/pool_options.hpp>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

namespace detail {
template <class Manager>
class PoolFactories;
}

/// A pool in a manager's server: `manager.Pool(4)` makes one. Every process that has a proxy may
/// use it, several at once.
///
/// It has the calls of Pool; the workers are children of the server, and what crosses to them
/// crosses to the server first: both must be of one build, or the functions mp::named of both. Its
/// end is that of its last proxy, as if it was terminated.
class PoolProxy : public BaseProxy, private detail::MapMistakes {
  using Method = detail::PoolMethod;

 public:
  static constexpr std::string_view type_id = "Pool";

  // With those that say what is wrong.
  using MapMistakes::imap;
  using MapMistakes::imap_unordered;
  using MapMistakes::map;
  using MapMistakes::map_async;
  using MapMistakes::starmap;
  using MapMistakes::starmap_async;

  explicit PoolProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Calls `f(args...)` in a worker and waits for what it returns, or throws. This and all that
  /// follows throws ValueError when the pool was closed.
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, TaskOptions>) auto apply(F&& f, Args&&... args) const {
    return apply(TaskOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto apply(TaskOptions options, F&& f, Args&&... args) const {
    return run(operation(options, std::forward<F>(f), std::forward<Args>(args)...));
  }

  /// The same without waiting.
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, TaskOptions>) auto apply_async(F&& f,
                                                                         Args&&... args) const {
    return apply_async(TaskOptions{}, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  auto apply_async(TaskOptions options, F&& f, Args&&... args) const {
    return submit(operation(options, std::forward<F>(f), std::forward<Args>(args)...));
  }

  /// Calls `f(item)` for each item and waits for the results, in the order of the items.
  template <class F, std::ranges::input_range Range>
  auto map(F&& f, Range&& range, MapOptions options = {}) const {
    return run(
        items<detail::Spread::one, detail::item_t<Range>>(std::forward<F>(f), range, options));
  }
  template <class F, class T>
  auto map(F&& f, std::initializer_list<T> range, MapOptions options = {}) const {
    return run(items<detail::Spread::one, detail::stored_t<T>>(std::forward<F>(f), range, options));
  }
  template <class F, std::ranges::input_range Range>
  auto map_async(F&& f, Range&& range, MapOptions options = {}) const {
    return submit(
        items<detail::Spread::one, detail::item_t<Range>>(std::forward<F>(f), range, options));
  }
  template <class F, class T>
  auto map_async(F&& f, std::initializer_list<T> range, MapOptions options = {}) const {
    return submit(
        items<detail::Spread::one, detail::stored_t<T>>(std::forward<F>(f), range, options));
  }

  /// As map, for items that are tuples, pairs or arrays of all arguments.
  template <class F, std::ranges::input_range Range>
  auto starmap(F&& f, Range&& range, MapOptions options = {}) const {
    return run(items<detail::Spread::all, detail::item_tuple_t<Range>>(std::forward<F>(f), range,
                                                                       options));
  }
  template <class R, class... A>
  auto starmap(R (*f)(A...), std::initializer_list<std::tuple<detail::stored_t<A>...>> range,
               MapOptions options = {}) const {
    return run(items<detail::Spread::all, std::tuple<detail::stored_t<A>...>>(f, range, options));
  }
  template <class F, std::ranges::input_range Range>
  auto starmap_async(F&& f, Range&& range, MapOptions options = {}) const {
    return submit(items<detail::Spread::all, detail::item_tuple_t<Range>>(std::forward<F>(f), range,
                                                                          options));
  }
  template <class R, class... A>
  auto starmap_async(R (*f)(A...), std::initializer_list<std::tuple<detail::stored_t<A>...>> range,
                     MapOptions options = {}) const {
    return submit(
        items<detail::Spread::all, std::tuple<detail::stored_t<A>...>>(f, range, options));
  }

  /// As map, one result after the other: a range that asks the server for each. Unlike that of a
  /// Pool it reads all of the input first, as Python does.
  template <class F, std::ranges::input_range Range>
  auto imap(F&& f, Range&& range, MapOptions options = {}) const {
    return stream<true, detail::item_t<Range>>(std::forward<F>(f), range, options);
  }
  template <class F, class T>
  auto imap(F&& f, std::initializer_list<T> range, MapOptions options = {}) const {
    return stream<true, detail::stored_t<T>>(std::forward<F>(f), range, options);
  }
  /// As imap, in the order in which the results come.
  template <class F, std::ranges::input_range Range>
  auto imap_unordered(F&& f, Range&& range, MapOptions options = {}) const {
    return stream<false, detail::item_t<Range>>(std::forward<F>(f), range, options);
  }
  template <class F, class T>
  auto imap_unordered(F&& f, std::initializer_list<T> range, MapOptions options = {}) const {
    return stream<false, detail::stored_t<T>>(std::forward<F>(f), range, options);
  }

  /// Nothing more may be asked for; what was is done, then the workers leave.
  void close() const { call(Method::close).send(); }
  /// Ends the workers at once. What is not done is Cancelled.
  void terminate() const { call(Method::terminate).send(); }
  /// Waits until the workers have left. Throws ValueError before close or terminate.
  void join() const { call(Method::join).send(); }

  /// Of the workers.
  std::vector<int> pids() const;

  friend std::string mp_repr(const PoolProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<PoolProxy>, detail::type_name<PoolProxy>());
  }

 private:
  template <class Manager>
  friend class detail::PoolFactories;

  /// What the server is to do, and an R of what comes of it.
  template <class R, class Work>
  struct Operation {
    Work work;
  };

  template <class F, class... Args>
  static auto operation(const TaskOptions& options, F&& f, Args&&... args) {
    using Callable = std::decay_t<F>;
    using Arguments = std::tuple<detail::stored_t<Args>...>;
    detail::require_task<Callable, Arguments>();
    detail::require_not_null(f);
    using Work = detail::PoolApply<Callable, Arguments>;
    return Operation<detail::task_result_t<Callable, Arguments>, Work>{
        Work{options, std::forward<F>(f), Arguments(detail::store(std::forward<Args>(args))...)}};
  }

  template <detail::Spread spread, class Item, class F, class Range>
  static auto items(F&& f, Range&& range, const MapOptions& options) {
    using Callable = std::decay_t<F>;
    using Arguments = typename detail::SpreadItem<spread, Item>::type;
    using Work = detail::PoolMap<Callable, Item, spread>;
    using R = detail::many_t<detail::task_result_t<Callable, Arguments>>;
    return Operation<R, Work>{
        Work{collect<Arguments, Item, Callable>(std::forward<F>(f), range, options)}};
  }

  template <class Arguments, class Item, class Callable, class F, class Range>
  static auto collect(F&& f, Range&& range, const MapOptions& options) {
    detail::require_task<Callable, Arguments>();
    detail::require_not_null(f);
    detail::PoolItems<Callable, Item> all{detail::MapTerms::of(options), std::forward<F>(f), {}};
    for (auto&& item : detail::items_of(range)) {
      all.items.push_back(detail::item_from<Item>(std::forward<decltype(item)>(item)));
    }
    return all;
  }

  template <class R, class Work>
  R run(Operation<R, Work> operation) const {
    detail::ProxyCall call = this->call(Method::call);
    call.put_value(detail::PoolOperation(std::move(operation.work)));
    detail::Answer answer = call.send();
    static_cast<void>(answer.get_bool());
    if constexpr (!std::is_void_v<R>) {
      return answer.template get_value<R>();
    }
  }

  template <class R, class Work>
  AsyncResultProxy<R> submit(Operation<R, Work> operation) const {
    detail::ProxyCall call = this->call(Method::submit);
    call.put(detail::type_tag<AsyncResultProxy<R>>);
    call.put_value(detail::PoolOperation(std::move(operation.work)));
    return AsyncResultProxy<R>(call.send().get_ref());
  }

  template <bool ordered, class Item, class F, class Range>
  auto stream(F&& f, Range&& range, const MapOptions& options) const {
    using Callable = std::decay_t<F>;
    using Arguments = std::tuple<Item>;
    using R = detail::yielded_t<detail::task_result_t<Callable, Arguments>>;
    detail::ProxyCall call = this->call(Method::stream);
    call.put(detail::type_tag<detail::StreamProxy>);
    call.put_value(detail::StreamOperation(detail::PoolImap<Callable, Item, ordered>{
        collect<Arguments, Item, Callable>(std::forward<F>(f), range, options)}));
    return ResultRange<R>(
        std::make_unique<detail::StreamSource<R>>(detail::StreamProxy(call.send().get_ref())));
  }

  void start(const detail::PoolStart& orders) const;
};

}  // namespace multiprocess
