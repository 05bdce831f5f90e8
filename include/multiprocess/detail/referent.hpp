// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/os/deadline.hpp>

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {

class ManagerServer;
class Referent;

/// One client of a server, which has one call under way at most: a thread in the tree, a thread of
/// a program that connected. All of it belongs to the server's loop.
class Session {
 public:
  explicit Session(std::uint64_t number) noexcept : number_(number) {}
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The server gives no two the same.
  std::uint64_t number() const noexcept { return number_; }
  /// For people: the process and, as "worker:2", the thread if it is not the first.
  virtual std::string client() const = 0;

  /// The same for all clients of one process, as far as the server knows; and nobody else's.
  virtual std::uint64_t process() const noexcept { return number_ | std::uint64_t{1} << 63; }

  /// The client is gone: nobody waits for an answer.
  bool is_over() const noexcept { return over_; }
  /// Whether its process has ended, also when the server has not looked after that yet.
  virtual bool has_died() const noexcept { return over_; }
  /// The same, where the system is asked, which takes a moment.
  virtual bool looks_dead() const noexcept { return has_died(); }
  /// It, or its whole process, has said goodbye; else, when it is over, it was killed.
  bool has_left() const noexcept { return left_; }

  /// From now on `referent.session_ended(*this)` is called when the client goes, also by a kill.
  void watch(const std::shared_ptr<Referent>& referent);

 protected:
  friend class ServedCall;
  friend class ManagerServer;
  friend class SharedReferent;
  virtual void send_answer(std::uint64_t call, Bytes bytes, std::span<const SharedRef> refs) = 0;
  void end();
  /// The client has said goodbye.
  void leave() noexcept { left_ = true; }

 private:
  std::uint64_t number_;
  bool over_ = false;
  bool left_ = false;
  std::vector<std::weak_ptr<Referent>> watching_;
};

/// One call of a client. Whoever has it owes the client an answer, at once or later.
///
/// `Referent::serve` gets one. If it only writes into `answer()`, that is sent when it returns;
/// what it throws is sent as the exception; if it moves the call away (into a queue of waiters,
/// say), then whoever has it calls finish() or fail() some day, in the loop's thread.
class ServedCall {
 public:
  /// What a call was before it came here; the server uses them again.
  struct Body;

  explicit ServedCall(std::unique_ptr<Body> body) noexcept;
  ServedCall(ServedCall&&) noexcept;
  ServedCall& operator=(ServedCall&&) noexcept;
  ~ServedCall();

  /// False when it was moved away or is answered.
  explicit operator bool() const noexcept { return body_ != nullptr; }

  std::uint64_t object() const noexcept;
  template <class Method>
  Method method() const noexcept {
    return static_cast<Method>(raw_method());
  }
  CallReader& arguments() noexcept;
  CallWriter& answer() noexcept;
  const std::shared_ptr<Session>& session() const noexcept;
  ManagerServer& server() const noexcept;

  /// False when nobody waits for the answer any more.
  bool is_wanted() const noexcept { return !session()->is_over(); }

  /// Sends what stands in answer(); the call is over. False when that cannot be sent, or nobody
  /// waits for it.
  bool finish() noexcept;
  /// Sends an exception in place of it.
  void fail(const std::exception_ptr& error) noexcept;
  template <class E>
  void fail(E error) noexcept {
    fail(std::make_exception_ptr(std::move(error)));
  }

 private:
  friend class ManagerServer;
  std::uint64_t raw_method() const noexcept;
  bool send(Bytes bytes, std::span<const SharedRef> refs) noexcept;

  std::unique_ptr<Body> body_;
};

/// An object of a manager. Only the loop's thread uses it, one call after the other; while it is
/// busy with a call that runs beside the loop, its other calls wait.
class Referent : public std::enable_shared_from_this<Referent> {
 public:
  Referent() = default;
  virtual ~Referent() = default;
  Referent(const Referent&) = delete;
  Referent& operator=(const Referent&) = delete;

  /// See ServedCall. It neither waits nor runs the user's code: that is for run_beside.
  virtual void serve(ServedCall& call) = 0;

  /// The client is gone that watched this; what it held goes back.
  virtual void session_ended(Session&) {}

 protected:
  /// Runs `work`, which may run the user's code, on another thread, this object being busy
  /// meanwhile; what it throws, or what it wrote into the answer, is sent afterwards.
  void run_beside(ServedCall& call, std::function<void(CallWriter& answer)> work);

 private:
  friend class ManagerServer;
  bool busy_ = false;
  std::deque<ServedCall> waiting_;
};

}  // namespace multiprocess::detail
