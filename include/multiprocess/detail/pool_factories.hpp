// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/map_calls.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/pool_options.hpp>
#include <multiprocess/pool_proxy.hpp>

#include <concepts>
#include <utility>

namespace multiprocess::detail {

/// The pools that a manager makes: as the constructors of Pool. They throw what those throw.
template <class Manager>
class PoolFactories {
 public:
  PoolProxy Pool() const { return make(PoolOptions{}, Function<void()>()); }
  template <Count Number>
  PoolProxy Pool(Number processes) const {
    return make(with_processes(processes), Function<void()>());
  }
  template <std::same_as<PoolOptions> Options = PoolOptions>
  PoolProxy Pool(Options options) const {
    return make(std::move(options), Function<void()>());
  }

  /// Each worker calls `initializer(initargs...)` first.
  template <Count Number, class F, class... Args>
  PoolProxy Pool(Number processes, F&& initializer, Args&&... initargs) const {
    return Pool(with_processes(processes), std::forward<F>(initializer),
                std::forward<Args>(initargs)...);
  }
  template <class F, class... Args>
  PoolProxy Pool(PoolOptions options, F&& initializer, Args&&... initargs) const {
    return make(std::move(options), Function<void()>(partial(std::forward<F>(initializer),
                                                             std::forward<Args>(initargs)...)));
  }

 private:
  static PoolOptions with_processes(auto number) {
    PoolOptions options;
    options.processes = worker_count(count(number));
    return options;
  }

  PoolProxy make(PoolOptions options, Function<void()> initializer) const {
    CreateCall call =
        static_cast<const Manager&>(*this).create_call(ReferentKind::pool, type_tag<PoolProxy>);
    PoolProxy pool(call.send().get_ref());
    pool.start(PoolStart{std::move(options), std::move(initializer)});
    return pool;
  }
};

}  // namespace multiprocess::detail
