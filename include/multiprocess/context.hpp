// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/array.hpp>
#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/logging.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/semaphore.hpp>
#include <multiprocess/simple_queue.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/value.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess {

/// The library with a start method of one's own: every class and function under its name.
///
/// What a Context starts uses its method, whatever the program has chosen; processes are named
/// after it (`SpawnProcess-1`). Copies are equal. Any thread may use it.
class Context {
 public:
  multiprocess::Process Process() const { return make({}); }
  template <detail::ProcessTarget F, class... Args>
  multiprocess::Process Process(F&& target, Args&&... args) const {
    return make({}, std::forward<F>(target), std::forward<Args>(args)...);
  }
  template <class... Args>
  multiprocess::Process Process(ProcessOptions options, Args&&... args) const {
    return make(std::move(options), std::forward<Args>(args)...);
  }

  multiprocess::Lock Lock() const { return multiprocess::Lock(); }
  multiprocess::RLock RLock() const { return multiprocess::RLock(); }
  template <detail::Count Number = int>
  multiprocess::Semaphore Semaphore(Number value = 1) const {
    return multiprocess::Semaphore(value);
  }
  template <detail::Count Number = int>
  multiprocess::BoundedSemaphore BoundedSemaphore(Number value = 1) const {
    return multiprocess::BoundedSemaphore(value);
  }
  multiprocess::Event Event() const { return multiprocess::Event(); }
  multiprocess::Condition Condition() const { return multiprocess::Condition(); }
  multiprocess::Condition Condition(multiprocess::Lock lock) const {
    return multiprocess::Condition(std::move(lock));
  }
  multiprocess::Condition Condition(multiprocess::RLock lock) const {
    return multiprocess::Condition(std::move(lock));
  }
  template <detail::Count Number, class... Args>
  multiprocess::Barrier Barrier(Number parties, Args&&... args) const {
    return multiprocess::Barrier(parties, std::forward<Args>(args)...);
  }
  template <class T = Object, detail::Count Number = int>
  multiprocess::Queue<T> Queue(Number maxsize = 0) const {
    return multiprocess::Queue<T>(maxsize);
  }
  template <class T = Object, detail::Count Number = int>
  multiprocess::JoinableQueue<T> JoinableQueue(Number maxsize = 0) const {
    return multiprocess::JoinableQueue<T>(maxsize);
  }
  template <class T = Object>
  multiprocess::SimpleQueue<T> SimpleQueue() const {
    return multiprocess::SimpleQueue<T>();
  }

  /// With a type, or with the type of what it is made of: `Value<int>(5)`, `Value(5)`.
  template <class T, class L = multiprocess::RLock, class... A>
  multiprocess::Value<T, L> Value(A&&... args) const {
    return multiprocess::Value<T, L>(std::forward<A>(args)...);
  }
  template <class T, class L, class... A>
  multiprocess::Value<T, L> Value(typename multiprocess::Value<T, L>::Options options,
                                  A&&... args) const {
    return multiprocess::Value<T, L>(std::move(options), std::forward<A>(args)...);
  }
  template <int = 0, class T>
  multiprocess::Value<T> Value(T value) const {
    return multiprocess::Value<T>(value);
  }
  template <class T, class L = multiprocess::RLock, class Items>
  multiprocess::Array<T, L> Array(Items&& items) const {
    return multiprocess::Array<T, L>(std::forward<Items>(items));
  }
  template <class T>
  multiprocess::Array<T> Array(std::initializer_list<T> items) const {
    return multiprocess::Array<T>(items);
  }
  template <class T, class L, class Items>
  multiprocess::Array<T, L> Array(typename multiprocess::Array<T, L>::Options options,
                                  Items&& items) const {
    return multiprocess::Array<T, L>(std::move(options), std::forward<Items>(items));
  }
  template <int = 0, class Items>
  auto Array(Items&& items) const {
    return multiprocess::Array(std::forward<Items>(items));
  }
  template <class T, class... A>
  multiprocess::RawValue<T> RawValue(A&&... args) const {
    return multiprocess::RawValue<T>(std::forward<A>(args)...);
  }
  template <int = 0, class T>
  multiprocess::RawValue<T> RawValue(T value) const {
    return multiprocess::RawValue<T>(value);
  }
  template <class T, class Items>
  multiprocess::RawArray<T> RawArray(Items&& items) const {
    return multiprocess::RawArray<T>(std::forward<Items>(items));
  }
  template <class T>
  multiprocess::RawArray<T> RawArray(std::initializer_list<T> items) const {
    return multiprocess::RawArray<T>(items);
  }
  template <int = 0, class Items>
  auto RawArray(Items&& items) const {
    return multiprocess::RawArray(std::forward<Items>(items));
  }

  multiprocess::Pool Pool() const { return Pool(PoolOptions{}); }
  multiprocess::Pool Pool(PoolOptions options) const {
    return multiprocess::Pool(with_method(std::move(options)));
  }
  template <class F, class... Args>
  multiprocess::Pool Pool(PoolOptions options, F&& initializer, Args&&... initargs) const {
    return multiprocess::Pool(with_method(std::move(options)), std::forward<F>(initializer),
                              std::forward<Args>(initargs)...);
  }
  template <detail::Count Number, class... Initializer>
  multiprocess::Pool Pool(Number processes, Initializer&&... initializer) const {
    return Pool(multiprocess::Pool::with_processes(processes),
                std::forward<Initializer>(initializer)...);
  }

  /// A manager that is started.
  SyncManager Manager() const {
    SyncManager manager(with_method(ManagerOptions{}));
    manager.start();
    return manager;
  }

  std::pair<Connection, Connection> Pipe(bool duplex = true) const {
    return multiprocess::Pipe(duplex);
  }

  multiprocess::Process& current_process() const { return multiprocess::current_process(); }
  std::optional<ParentProcess> parent_process() const { return multiprocess::parent_process(); }
  std::vector<multiprocess::Process> active_children() const {
    return multiprocess::active_children();
  }
  int cpu_count() const { return multiprocess::cpu_count(); }
  int hardware_cpu_count() const { return multiprocess::hardware_cpu_count(); }
  void freeze_support() const { multiprocess::freeze_support(); }
  Logger& get_logger() const { return multiprocess::get_logger(); }
  Logger& log_to_stderr(std::optional<int> level = {}) const {
    return multiprocess::log_to_stderr(level);
  }
  template <std::convertible_to<std::string_view> Name>
  Logger& log_to_stderr(const Name& level) const {
    return multiprocess::log_to_stderr(level);
  }

  /// Without a name this one. Throws ValueError for a name that is no start method's.
  Context get_context(std::string_view method = {}) const;
  Context get_context(StartMethod method) const { return Context(method); }

  /// The method's name; for the default context as the free function.
  std::optional<std::string> get_start_method(bool allow_none = false) const;
  /// As the free function. Throws ValueError unless this is the default context.
  void set_start_method(std::optional<std::string_view> method, bool force = false) const;
  void set_start_method(StartMethod method, bool force = false) const;
  void set_executable(std::string path) const;
  void set_forkserver_preload(std::vector<std::string> libraries) const;

  friend bool operator==(Context, Context) = default;
  friend std::string mp_repr(Context context);

 private:
  friend Context get_context(std::string_view method);
  friend Context get_context(StartMethod method);
  explicit Context(std::optional<StartMethod> method) : method_(method) {}

  std::string_view process_class() const noexcept;
  template <class Options>
  Options with_method(Options options) const {
    if (!options.start_method) {
      options.start_method = method_;
    }
    return options;
  }

  multiprocess::Process make(ProcessOptions options) const {
    return {with_method(std::move(options)), detail::ClassName{process_class()}};
  }
  template <class F, class... Args>
  multiprocess::Process make(ProcessOptions options, F&& target, Args&&... args) const {
    return {with_method(std::move(options)), detail::ClassName{process_class()},
            detail::Job::make(std::forward<F>(target), std::forward<Args>(args)...)};
  }

  std::optional<StartMethod> method_;
};

/// Without a name the default context, which uses the method that the program has chosen.
///
/// Throws ValueError for a name that is no start method's.
Context get_context(std::string_view method = {});
Context get_context(StartMethod method);

/// Chooses how processes are started from now on, once in a program; with nothing, the default.
///
/// Throws RuntimeError when the method has been chosen, or was used already, unless `force`; then
/// nothing means that there is no choice any more. Throws ValueError for an unknown name.
void set_start_method(std::optional<std::string_view> method, bool force = false);
void set_start_method(StartMethod method, bool force = false);

/// The method's name. If there is no choice yet, the default becomes it, or with `allow_none` the
/// result is nothing.
std::optional<std::string> get_start_method(bool allow_none = false);

/// The names of the methods that there are on this system, the default first.
std::vector<std::string> get_all_start_methods();

/// The program that spawned children run. Unlike Python an empty path means: the running program.
///
/// What is sent to it must be known there by name: see `named`.
void set_executable(std::string path);

/// The shared libraries that the fork server loads before it forks, so that its children have them.
///
/// Takes effect when the next server starts. What cannot be loaded is passed over.
void set_forkserver_preload(std::vector<std::string> libraries);

}  // namespace multiprocess
