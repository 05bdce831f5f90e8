// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/map_calls.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/detail/thread_call.hpp>
#include <multiprocess/detail/thread_engine.hpp>
#include <multiprocess/detail/thread_imap.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/pool_options.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// Threads of this process that wait for work: Pool's calls, without processes.
///
/// Python's multiprocessing.pool.ThreadPool. A program switches between the two by the name of the
/// type. Nothing is serialized: callables, arguments, items and results may be of any type that can
/// be moved, also `[&]` lambdas and `std::ref(mutex)`, and an exception arrives as the object that
/// was thrown. Arguments and items are copied, or moved when they are given away; items that cannot
/// be copied are used where they are by the calls that wait (map, starmap). A callable is shared by
/// all threads if it can be called as const, else each uses a copy.
///
/// What a task refers to must live until it has ended: apply, map, starmap, the end of an imap's
/// range, terminate() and join() see to that. A thread cannot be killed. So a task that is
/// cancelled or out of time gives its result up at once, and if it takes a std::stop_token is asked
/// to stop; but its thread is free again only when it returns. A task may use the pool that it runs
/// in: its thread takes part in the work that it waits for.
///
/// Of the options these mean nothing to threads: maxtasksperchild, max_memory_per_child,
/// start_method, label_output, retries, grace. There are no pids(); the `pid` of WorkerStats is the
/// system's number of a thread. `task_seed()` is there, std::rand is not touched.
class ThreadPool : public detail::MapCalls<ThreadPool> {
 public:
  using stays_in_its_process = void;

  /// One thread for each CPU that this process may use. Throws std::system_error when the system
  /// has no room for them.
  ThreadPool();
  /// Throws ValueError when there is to be less than one thread.
  template <detail::Count Number>
  explicit ThreadPool(Number processes) : ThreadPool(with_processes(processes), Initializer()) {}
  template <std::same_as<PoolOptions> Options = PoolOptions>
  explicit ThreadPool(Options options) : ThreadPool(std::move(options), Initializer()) {}

  /// Each thread calls `initializer(initargs...)` first, with copies of its own of what can be
  /// copied. Should that throw twice in a thread, every call of the pool throws BrokenProcessPool
  /// with the cause nested.
  template <detail::Count Number, class F, class... Args>
  ThreadPool(Number processes, F&& initializer, Args&&... initargs)
      : ThreadPool(with_processes(processes), std::forward<F>(initializer),
                   std::forward<Args>(initargs)...) {}
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, std::function<void()>> || sizeof...(Args) != 0)
      ThreadPool(PoolOptions options, F&& initializer, Args&&... initargs)
      : ThreadPool(std::move(options), make_initializer(std::forward<F>(initializer),
                                                        std::forward<Args>(initargs)...)) {}
  /// An empty one is none.
  ThreadPool(PoolOptions options, std::function<void()> initializer);

  ThreadPool(ThreadPool&&) noexcept;
  ThreadPool& operator=(ThreadPool&&) noexcept;
  /// As terminate() and join().
  ~ThreadPool();

  /// Nothing more may be asked for; what was is done, then the threads leave.
  void close();
  /// Begins nothing any more, asks what is running to stop, and waits for it; in a task of the pool
  /// itself without waiting. What is not done is Cancelled.
  void terminate();
  /// Waits until the threads have left. Throws ValueError before close or terminate, RuntimeError
  /// in a task of the pool itself.
  void join();

  /// Each thread calls a copy of `f` before it leaves.
  template <class F>
  void at_worker_exit(F&& f) {
    engine().set_exit_call(detail::copyable(std::forward<F>(f)));
  }

  PoolStats stats() const;

  friend std::string mp_repr(const ThreadPool& pool) { return pool.repr(); }

 private:
  friend class detail::MapCalls<ThreadPool>;
  using Initializer = std::function<void()>;

  static PoolOptions with_processes(auto number) {
    PoolOptions options;
    options.processes = detail::worker_count(detail::count(number));
    return options;
  }

  template <class F, class... Args>
  static Initializer make_initializer(F&& f, Args&&... args) {
    using Target = std::decay_t<F>;
    using Arguments = std::tuple<detail::stored_t<Args>...>;
    static_assert(detail::callable_with_stored<Target, detail::stored_t<Args>...>,
                  "multiprocess: the initializer cannot be called with these arguments (string "
                  "literals arrive as std::string, spans as std::vector)");
    static_assert((std::copy_constructible<Target> && std::copy_constructible<Arguments>) ||
                      std::invocable<Target&, detail::stored_t<Args>&...>,
                  "multiprocess: each thread calls the initializer: one that takes what cannot be "
                  "copied takes it by reference");
    detail::require_not_null(f);
    return detail::copyable(
        [target = Target(std::forward<F>(f)),
         arguments = Arguments(detail::store(std::forward<Args>(args))...)]() mutable {
          detail::call_with_stored(target, arguments);
        });
  }

  detail::ThreadEngine& engine() const;
  void end() noexcept;
  std::string repr() const;

  // What MapCalls is made of.
  std::size_t worker_count() const;
  void require_running() const;

  template <class F, class Arguments>
  static constexpr auto require_task() {
    detail::require_possible<F, Arguments>();
  }

  template <class F, class Arguments, class G>
  auto submit_single(const detail::OrderTerms& terms, G&& f, Arguments arguments) {
    require_running();
    auto call = std::make_shared<detail::ThreadSingle<F, Arguments>>(
        engine_, terms, std::forward<G>(f), std::move(arguments));
    engine_->submit(call);
    return detail::AsyncResultAccess::make<detail::task_result_t<F, Arguments>>(std::move(call));
  }

  template <detail::Spread spread, class Item, class F, class Terms, class G, class Range>
  auto submit_many(const Terms& terms, const MapOptions& options, G&& f, Range&& range) {
    using R = detail::task_result_t<F, typename detail::SpreadItem<spread, Item>::type>;
    auto call = detail::make_thread_map<R, spread, Item, F>(engine_, terms, std::forward<G>(f),
                                                            std::forward<Range>(range));
    if (options.progress) {
      call->show_progress(options.progress->callback);
    }
    engine_->submit(call);
    return detail::AsyncResultAccess::make<detail::many_t<R>>(std::move(call));
  }

  template <class F, class Item, class G, class Range>
  auto submit_lazily(const detail::OrderTerms& terms, const MapOptions& options, G&& f,
                     Range&& range, bool ordered) {
    using Source = detail::ThreadImap<F, Item, Range>;
    using R = detail::yielded_t<detail::task_result_t<F, std::tuple<Item>>>;
    return ResultRange<R>(std::make_unique<Source>(engine_, terms, options, std::forward<G>(f),
                                                   std::forward<Range>(range), ordered));
  }

  std::shared_ptr<detail::ThreadEngine> engine_;
  ExitCall exit_call_;
};

}  // namespace multiprocess
