// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/map_calls.hpp>
#include <multiprocess/detail/pool_call.hpp>
#include <multiprocess/detail/pool_engine.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/pool_options.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// Processes that wait for work: calls of functions, spread over all of them.
///
/// Python's multiprocessing.pool.Pool. Any thread of the process that made it may use it. Unlike in
/// Python a worker that dies costs the one item that it had in hand: that fails with WorkerDied,
/// the worker is replaced, and everything else goes on. Workers are daemons that may have children
/// of their own; Ctrl-C does not concern them.
class Pool : public detail::MapCalls<Pool> {
 public:
  using stays_in_its_process = void;

  /// One worker for each CPU that this process may use. Starts them; throws as Process::start does.
  Pool();
  /// Throws ValueError when there is to be less than one worker.
  template <detail::Count Number>
  explicit Pool(Number processes) : Pool(with_processes(processes), detail::Job()) {}
  template <std::same_as<PoolOptions> Options = PoolOptions>
  explicit Pool(Options options) : Pool(std::move(options), detail::Job()) {}

  /// Each worker calls `initializer(initargs...)` first. Should that throw, the worker is replaced;
  /// should it go on throwing, every call of the pool throws BrokenProcessPool with the first cause
  /// nested.
  template <detail::Count Number, class F, class... Args>
  Pool(Number processes, F&& initializer, Args&&... initargs)
      : Pool(with_processes(processes),
             detail::Job::make(std::forward<F>(initializer), std::forward<Args>(initargs)...)) {}
  template <class F, class... Args>
  requires(!std::same_as<std::decay_t<F>, detail::Job>)
      Pool(PoolOptions options, F&& initializer, Args&&... initargs)
      : Pool(std::move(options),
             detail::Job::make(std::forward<F>(initializer), std::forward<Args>(initargs)...)) {}

  Pool(Pool&&) noexcept;
  Pool& operator=(Pool&&) noexcept;
  /// As terminate() and join().
  ~Pool();

  /// Nothing more may be asked for; what was is done, also what an imap has yet to read, then the
  /// workers leave.
  void close();
  /// Ends the workers: those without a task leave, those in one get SIGTERM after 50 ms, whoever is
  /// still there after 300 ms gets it as well, and SIGKILL after 1300 ms. What is not done is
  /// Cancelled at once. Returns when all have ended.
  void terminate();
  /// Waits until the workers have left. Throws ValueError before close or terminate. What is left
  /// of the input of an imap whose range still lives it reads itself, all at once, as Python's
  /// pools do: should that have no end, it does not return.
  void join();

  /// Each worker calls `f()` before it leaves by itself, now and in future.
  template <class F>
  void at_worker_exit(F&& f) {
    engine().set_exit_call(detail::Job::make(std::forward<F>(f)));
  }

  PoolStats stats() const;
  /// Of the workers.
  std::vector<int> pids() const;

  friend std::string mp_repr(const Pool& pool) { return pool.repr(); }

 private:
  friend class detail::MapCalls<Pool>;
  friend class Context;

  Pool(PoolOptions options, detail::Job initializer);

  static PoolOptions with_processes(auto number) {
    PoolOptions options;
    options.processes = detail::worker_count(detail::count(number));
    return options;
  }

  detail::PoolEngine& engine() const;
  std::string repr() const;

  // What MapCalls is made of.
  std::size_t worker_count() const;
  void require_running() const;

  template <class F, class Arguments>
  static constexpr auto require_task() {
    detail::require_task<F, Arguments>();
  }

  template <class F, class Arguments>
  auto submit_single(const detail::OrderTerms& terms, const F& f, const Arguments& arguments) {
    using R = detail::task_result_t<F, Arguments>;
    using Task = detail::Task<F, detail::Spread::single, Arguments>;
    require_running();
    auto call = detail::make_single_order<R>(
        engine_, detail::typed_terms<F, detail::Spread::single, Arguments>(terms),
        [&](detail::OutputArchive& out) {
          Task::save(out, f);
          out(arguments);
        });
    engine_->submit(call);
    return detail::AsyncResultAccess::make<R>(std::move(call));
  }

  template <detail::Spread spread, class Item, class F, class Range>
  auto submit_many(const detail::OrderTerms& terms, const MapOptions& options, const F& f,
                   Range&& range) {
    using R = detail::task_result_t<F, typename detail::SpreadItem<spread, Item>::type>;
    auto call = detail::make_map_order<R, F, spread, Item>(engine_, terms, f, range);
    if (options.progress) {
      call->show_progress(options.progress->callback);
    }
    engine_->submit(call);
    return detail::AsyncResultAccess::make<detail::many_t<R>>(std::move(call));
  }

  template <class F, class Item, class Range>
  auto submit_lazily(const detail::OrderTerms& terms, const MapOptions& options, const F& f,
                     Range&& range, bool ordered) {
    using Source = detail::ImapSource<F, Item, Range>;
    using R = detail::yielded_t<typename Source::R>;
    return ResultRange<R>(
        std::make_unique<Source>(engine_, terms, options, f, std::forward<Range>(range), ordered));
  }

  std::shared_ptr<detail::PoolEngine> engine_;
  ExitCall exit_call_;
};

}  // namespace multiprocess
