// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess {

/// The base of what goes wrong between processes.
class ProcessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The time is up and the answer is not there.
class TimeoutError : public ProcessError {
 public:
  using ProcessError::ProcessError;
  TimeoutError() : ProcessError("the time is up") {}
};

/// The task was ended because it ran longer than it was allowed to.
class TaskTimeout : public TimeoutError {
 public:
  using TimeoutError::TimeoutError;
  TaskTimeout() : TimeoutError("the task ran out of time") {}
};

/// The process that held the lock died in the middle of its work on the value.
///
/// Unlike Python, where the others would wait for ever.
class OwnerDied : public ProcessError {
 public:
  using ProcessError::ProcessError;
  OwnerDied() : ProcessError("the process that held the lock died while it held it") {}
};

/// The message did not fit into the buffer; it is here instead.
class BufferTooShort : public ProcessError {
 public:
  explicit BufferTooShort(std::vector<std::byte> message);

  /// The whole message.
  const std::vector<std::byte>& message() const noexcept { return *message_; }

 private:
  std::shared_ptr<const std::vector<std::byte>> message_;  // shared: copying must not throw
};

/// The other end does not have the right key.
class AuthenticationError : public ProcessError {
 public:
  using ProcessError::ProcessError;
  AuthenticationError() : ProcessError("digest received was wrong") {}
};

/// The process that worked on the task died before it was done.
///
/// Unlike Python, whose Pool would wait for ever.
class WorkerDied : public ProcessError {
 public:
  /// `exitcode` as Process::exitcode gives it: n, or -signal. `task`: what it was working on.
  WorkerDied(int pid, int exitcode, std::string_view task = {});

  int pid() const noexcept { return pid_; }
  int exitcode() const noexcept { return exitcode_; }

 private:
  int pid_;
  int exitcode_;
};

/// The pool cannot work any more; the cause is nested (std::rethrow_if_nested).
class BrokenProcessPool : public ProcessError {
 public:
  using ProcessError::ProcessError;
  BrokenProcessPool() : ProcessError("the process pool is not usable any more") {}
};

/// The work was cancelled before it had a result.
class Cancelled : public ProcessError {
 public:
  using ProcessError::ProcessError;
  Cancelled() : ProcessError("the task was cancelled") {}
};

/// The queue has no item.
class Empty : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Empty() : std::runtime_error("the queue is empty") {}
};

/// The queue has no room.
class Full : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Full() : std::runtime_error("the queue is full") {}
};

/// The queue was shut down: it takes nothing more, and what it had is gone or was given out.
class ShutDown : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ShutDown() : std::runtime_error("the queue is shut down") {}
};

/// The barrier broke: by abort or reset, by the end of a wait's time, or by the death of a party.
class BrokenBarrierError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  BrokenBarrierError() : std::runtime_error("the barrier is broken") {}
};

/// The other end is closed and everything that it sent was received.
class EOFError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  EOFError() : std::runtime_error("end of the stream") {}
};

/// The call does not fit what happened before.
class RuntimeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument has the right type and a value that cannot be.
class ValueError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A value has another type than the one asked for.
class TypeError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The call breaks a rule of the object, as the release of an RLock by another than its owner.
class AssertionError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The object cannot cross to another process; the text says why, and what to write instead.
class NotSendable : public TypeError {
 public:
  using TypeError::TypeError;
};

/// The task was done, but its result cannot cross to the process that asked for it.
class MaybeEncodingError : public NotSendable {
 public:
  using NotSendable::NotSendable;
};

/// There is no such key.
class KeyError : public std::out_of_range {
 public:
  using std::out_of_range::out_of_range;
};

/// The index lies outside of the sequence.
class IndexError : public std::out_of_range {
 public:
  using std::out_of_range::out_of_range;
};

/// The object has no such attribute.
class AttributeError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Ends the process when nobody catches it, after the exit steps; `mp::exit` throws it.
///
/// Not a std::exception, so that `catch (const std::exception&)` lets it pass.
class SystemExit {
 public:
  explicit SystemExit(int code = 0) : code_(code) {}
  /// The message goes to stderr and the exit code is 1.
  explicit SystemExit(std::string_view message)
      : code_(1), message_(std::make_shared<const std::string>(message)) {}

  int code() const noexcept { return code_; }
  /// Null when it was made from a code.
  const std::string* message() const noexcept { return message_.get(); }

  /// `SystemExit(3)`, `SystemExit('message')`.
  friend std::string mp_repr(const SystemExit& exit);

 private:
  int code_;
  std::shared_ptr<const std::string> message_;
};

/// Where an exception was thrown in the process that it came from, as text.
///
/// Nested in every exception that crossed from another process: std::rethrow_if_nested gives it.
/// It prints as its text.
class RemoteTraceback : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  friend std::ostream& operator<<(std::ostream& out, const RemoteTraceback& traceback);
};

/// What is known of an exception whose type this process cannot make.
///
/// Such an exception arrives as its nearest std base with this mixed in: catch either.
class RemoteError {
 public:
  RemoteError(std::string type_name, std::string message, std::string traceback)
      : facts_(std::make_shared<const Facts>(
            Facts{std::move(type_name), std::move(message), std::move(traceback)})) {}
  RemoteError(const RemoteError&) = default;
  RemoteError& operator=(const RemoteError&) = default;
  virtual ~RemoteError();

  /// The type's name in the process that threw it.
  const std::string& type_name() const noexcept { return facts_->type_name; }
  /// What its `what()` said there; for a thrown number or text, that.
  const std::string& message() const noexcept { return facts_->message; }
  const std::string& traceback() const noexcept { return facts_->traceback; }

 private:
  struct Facts {
    std::string type_name;
    std::string message;
    std::string traceback;
  };
  std::shared_ptr<const Facts> facts_;
};

}  // namespace multiprocess

FMT_BEGIN_NAMESPACE

/// Of this very type, as <fmt/std.h> of later versions has one for whatever is a std::exception.
template <>
struct formatter<multiprocess::RemoteTraceback, char> : formatter<std::string> {
  auto format(const multiprocess::RemoteTraceback& traceback, format_context& context) const {
    return multiprocess::detail::format_text(*this, traceback.what(), context);
  }
};

FMT_END_NAMESPACE
