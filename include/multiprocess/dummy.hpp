// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/array.hpp>
#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/semaphore.hpp>
#include <multiprocess/simple_queue.hpp>
#include <multiprocess/thread_pool.hpp>
#include <multiprocess/timeout.hpp>
#include <multiprocess/value.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

namespace detail {
struct DummyRecord;
}

/// The library on threads: Python's multiprocessing.dummy, the same names without processes.
///
/// Locks, queues, pipes and shared values are those of the library, which serve threads as well; so
/// unlike in Python they are as strict as between processes. There is no Manager: that of Python
/// gives the language's own list and dict, and here threads share a std::vector by std::ref.
namespace dummy {

using multiprocess::Array;
using multiprocess::Barrier;
using multiprocess::BoundedSemaphore;
using multiprocess::Condition;
using multiprocess::Event;
using multiprocess::freeze_support;
using multiprocess::JoinableQueue;
using multiprocess::Lock;
using multiprocess::Pipe;
using multiprocess::ProcessOptions;
using multiprocess::Queue;
using multiprocess::RLock;
using multiprocess::Semaphore;
using multiprocess::SimpleQueue;
using multiprocess::Value;
using Pool = ThreadPool;

/// A function that runs in a thread of its own, with the face of a Process.
///
/// Copies mean the same thread, and are equal. The destructor does not wait: the thread goes on,
/// and the program waits for it when it exits, unless it is a daemon. It has no pid, sentinel or
/// authkey and cannot be terminated. Target and arguments need not be sendable: they are copied or
/// moved, and `std::ref` shares. What the target throws is printed, and `exitcode()` is 0 all the
/// same.
class Process {
 public:
  /// Does nothing.
  Process() : Process(ProcessOptions{}) {}
  /// Of the options name and daemon count; by default it is called Thread-<number>, and a daemon if
  /// its creator is one.
  explicit Process(ProcessOptions options) : Process(std::move(options), std::function<void()>()) {}

  /// Will call `target(args...)`.
  template <class F, class... Args>
  requires(!std::same_as<std::remove_cvref_t<F>, ProcessOptions> &&
           !std::same_as<std::remove_cvref_t<F>, Process>)  //
      explicit Process(F&& target, Args&&... args)
      : Process(ProcessOptions{}, std::forward<F>(target), std::forward<Args>(args)...) {}
  template <class F, class... Args>
  requires(!std::same_as<std::remove_cvref_t<F>, std::function<void()>> || sizeof...(Args) != 0)
      Process(ProcessOptions options, F&& target, Args&&... args)
      : Process(std::move(options),
                make_work(std::forward<F>(target), std::forward<Args>(args)...)) {}
  Process(ProcessOptions options, std::function<void()> target);

  Process(const Process&) = default;  // and no move: none is ever without a thread
  Process& operator=(const Process&) = default;
  ~Process() = default;

  /// Returns when the thread runs. Throws RuntimeError the second time, and in another thread than
  /// the one that made it; std::system_error when the system has no room for it.
  void start();
  /// Waits until it has ended, at most `timeout`: then true. Throws RuntimeError before the start,
  /// and in the thread itself.
  bool join(Timeout timeout = forever);
  bool is_alive() const;
  /// 0 when it has ended.
  std::optional<int> exitcode() const;

  std::string name() const;
  void set_name(std::string name);
  /// A daemon is not waited for when the program exits.
  bool daemon() const;
  /// Throws RuntimeError when it was started.
  void set_daemon(bool daemon);
  /// The system's number of the thread; 0 before the start.
  int ident() const;

  friend bool operator==(const Process&, const Process&) = default;
  friend std::string mp_repr(const Process& process) { return process.repr(); }

 private:
  friend Process& current_process();
  friend std::vector<Process> active_children();

  explicit Process(std::shared_ptr<detail::DummyRecord> record) : record_(std::move(record)) {}

  template <class F, class... Args>
  static std::function<void()> make_work(F&& f, Args&&... args) {
    using Target = std::decay_t<F>;
    using Arguments = std::tuple<detail::stored_t<Args>...>;
    static_assert(detail::callable_with_stored<Target, detail::stored_t<Args>...>,
                  "multiprocess: the target cannot be called with these arguments (string literals "
                  "arrive as std::string, spans as std::vector)");
    detail::require_not_null(f);
    return detail::copyable(
        [target = Target(std::forward<F>(f)),
         arguments = Arguments(detail::store(std::forward<Args>(args))...)]() mutable {
          detail::call_with_stored(target, arguments);
        });
  }
  std::string repr() const;

  std::shared_ptr<detail::DummyRecord> record_;
};

/// The thread that calls it: a Process, MainThread, or one that something else has started.
Process& current_process();

/// Those that the calling thread has started and that run, in the order of their start.
std::vector<Process> active_children();

using multiprocess::operator<<;  // for what is printed here

}  // namespace dummy
}  // namespace multiprocess
