// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/process_options.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace multiprocess {

class Process;

/// What becomes ready when a process ends; for `wait`. Copies are the same one.
class Sentinel {
 public:
  /// For poll and its like; it is open as long as a copy of this exists. -1 for none.
  int fileno() const noexcept { return static_cast<int>(native_handle()); }
  detail::os::NativeHandle native_handle() const noexcept {
    return handle_ == nullptr ? detail::os::no_handle : handle_->get();
  }

  friend bool operator==(const Sentinel&, const Sentinel&) = default;
  friend std::string mp_repr(const Sentinel& sentinel) {
    return std::to_string(sentinel.native_handle());
  }

 private:
  friend class Process;
  friend class ParentProcess;
  explicit Sentinel(std::shared_ptr<const detail::os::Handle> handle)
      : handle_(std::move(handle)) {}

  std::shared_ptr<const detail::os::Handle> handle_;
};

namespace detail {

template <class F>
concept ProcessTarget = !std::same_as<std::remove_cvref_t<F>, ProcessOptions> &&
                        !std::derived_from<std::remove_cvref_t<F>, Process>;

/// The stem of the default names.
struct ClassName {
  std::string_view text;
};

template <class Derived>
class ClassWork;

}  // namespace detail

/// A function that runs in a process of its own.
///
/// Movable; two objects are equal when they mean the same process. The destructor neither waits nor
/// kills: the child stays in `active_children()`, is joined when this process exits, or terminated
/// then if it is a daemon. Only the process that made an object may start and join it; any thread
/// of it may.
class Process {
 public:
  using stays_in_its_process = void;

  /// Does nothing, unless a derived class overrides `run`.
  Process();
  explicit Process(ProcessOptions options);

  /// Will call `target(args...)` in the child, with copies made now.
  ///
  /// Text travels as std::string and spans as vectors. What cannot cross to another process does
  /// not compile, whatever the start method; `fork_only(f)` is the way around it for forks.
  template <detail::ProcessTarget F, class... Args>
  explicit Process(F&& target, Args&&... args)
      : Process(ProcessOptions{}, std::forward<F>(target), std::forward<Args>(args)...) {}
  template <detail::ProcessTarget F, class... Args>
  Process(ProcessOptions options, F&& target, Args&&... args)
      : Process(std::move(options), detail::ClassName{"Process"},
                detail::Job::make(std::forward<F>(target), std::forward<Args>(args)...)) {}

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  virtual ~Process();

  /// What the child does: calls the target. Override it, in a class derived from ProcessClass.
  virtual void run();

  /// Starts the child; afterwards this process holds no copy of target and arguments.
  ///
  /// Throws AssertionError the second time, in a process that did not make it, and in a daemon;
  /// std::system_error when the system has no room for it or cannot run the program; NotSendable
  /// when the target cannot cross. Nothing was started then, and it may be tried again.
  void start();

  /// Waits until the child has ended, at most `timeout`: then true.
  ///
  /// Throws AssertionError before the start and in a process that did not make it. Unlike in Python
  /// the result tells whether it has ended.
  bool join(Timeout timeout = forever);

  /// Throws AssertionError in a process that neither made it nor is it.
  bool is_alive() const;

  /// These three send SIGTERM, SIGKILL or SIGINT (Windows: end it; no interrupt). Nothing happens
  /// when the child has ended. Throw ValueError before the start.
  void terminate();
  void kill();
  void interrupt();

  /// Gives up what the object holds; of the other calls only the attributes remain.
  ///
  /// Throws ValueError while the child runs.
  void close();

  std::string name() const;
  /// A child that runs keeps the name that it has.
  void set_name(std::string name);

  /// A daemon is terminated when its parent exits, and may have no children.
  bool daemon() const;
  /// Throws AssertionError when the process was started.
  void set_daemon(bool daemon);

  /// 0 before the start.
  int pid() const;
  int ident() const { return pid(); }

  /// How the child ended: what it returned, or the negative number of the signal that killed it.
  /// Nothing while it runs; 255 when nobody can know.
  std::optional<int> exitcode() const;

  /// Throws ValueError before the start.
  Sentinel sentinel() const;

  /// The key that connections between processes are authenticated with.
  AuthenticationString authkey() const;
  void set_authkey(Key key);

  friend bool operator==(const Process& a, const Process& b) noexcept {
    return a.record_ == b.record_;
  }
  friend std::string mp_repr(const Process& process) { return process.repr(); }

 protected:
  Process(ProcessOptions options, detail::ClassName class_name, detail::Job job = {});

 private:
  friend class Context;
  template <class Derived>
  friend class detail::ClassWork;
  friend Process& current_process();
  friend std::vector<Process> active_children();

  explicit Process(std::shared_ptr<detail::ProcessRecord> record);

  /// Writes what the child is to do, for a child that is no copy of this process.
  virtual void save_work(detail::OutputArchive& archive) const;

  detail::ProcessRecord& record() const;
  detail::ProcessRecord& open_record() const;
  void run_in_copy();
  void run_in_program();
  void send(detail::os::Signal signal);
  std::string repr() const;

  std::shared_ptr<detail::ProcessRecord> record_;
  detail::Job job_;
};

namespace detail {

template <class T>
concept SerializableMembers = requires(T& object, OutputArchive& out, InputArchive& in) {
  object.serialize(out);
  object.serialize(in);
};

/// NotSendable: of this class, or of one that is derived from it.
[[noreturn]] void throw_unserializable(std::string_view class_name, bool is_base);

/// What a child does that runs an object of a ProcessClass: makes one, reads its members, runs it.
template <class Derived>
class ClassWork {
 public:
  static constexpr bool multiprocess_codec = true;

  explicit ClassWork(const Derived& object) : original_(&object) {}
  explicit ClassWork(std::unique_ptr<Derived> copy) : copy_(std::move(copy)) {}

  void operator()() { copy_->run_in_program(); }

  void encode(OutputArchive& archive) const {
    const_cast<Derived&>(*original_).serialize(archive);  // which only reads when it writes
  }
  static ClassWork decode(InputArchive& archive) {
    const unsigned made = processes_made();
    auto copy = std::make_unique<Derived>();
    set_processes_made(made);  // it is not one more, it is the one we are
    copy->serialize(archive);
    return ClassWork(std::move(copy));
  }

 private:
  const Derived* original_ = nullptr;
  std::shared_ptr<Derived> copy_;
};

}  // namespace detail

/// The base of classes that override `run`: `class Worker : public ProcessClass<Worker>`.
///
/// Under spawn and forkserver the child makes a Worker by its default constructor and then calls
/// its `serialize`; a class without one can only be forked, and so can one that is derived from
/// Worker: what the child would make is a Worker.
template <class Derived>
class ProcessClass : public Process {
 public:
  ProcessClass() : ProcessClass(ProcessOptions{}) {}
  explicit ProcessClass(ProcessOptions options)
      : Process(std::move(options),
                detail::ClassName{detail::plain_class_name(detail::type_name<Derived>())}) {}

 private:
  void save_work(detail::OutputArchive& archive) const override {
    if constexpr (detail::SerializableMembers<Derived> && std::default_initializable<Derived>) {
      if (typeid(*this) != typeid(Derived)) {
        detail::throw_unserializable(detail::type_name<Derived>(), true);
      }
      using Work = detail::ClassWork<Derived>;
      detail::Job::make(Work(static_cast<const Derived&>(*this))).save(archive);
    } else {
      detail::throw_unserializable(detail::type_name<Derived>(), false);
    }
  }
};

/// The process that started this one, as this one sees it.
class ParentProcess {
 public:
  std::string name() const { return record_->name; }
  int pid() const noexcept { return record_->pid; }
  int ident() const noexcept { return pid(); }
  bool is_alive() const;
  /// Waits until it has ended, at most `timeout`: then true.
  bool join(Timeout timeout = forever) const;
  Sentinel sentinel() const;

  friend std::string mp_repr(const ParentProcess& parent);

 private:
  friend std::optional<ParentProcess> parent_process();
  explicit ParentProcess(std::shared_ptr<const detail::ParentRecord> record)
      : record_(std::move(record)) {}

  std::shared_ptr<const detail::ParentRecord> record_;
};

/// The process that calls it.
Process& current_process();

/// Nothing in the root of the tree.
std::optional<ParentProcess> parent_process();

/// The children that run, in the order of their start. Takes note of those that have ended.
std::vector<Process> active_children();

/// The CPUs that this process may use: those it is allowed, within its share of their time.
///
/// Unlike Python, which counts those of the machine.
int cpu_count();

/// The CPUs of the machine.
int hardware_cpu_count();

/// In a child that was started as a program: does its work and does not return. Else does nothing.
///
/// On POSIX children are taken over before main and need no call of it.
void freeze_support();

}  // namespace multiprocess
