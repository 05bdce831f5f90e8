// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/loop_work.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/referent.hpp>
#include <multiprocess/detail/work_threads.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A manager's server: one thread, the loop, that serves every call of every client; what may wait
/// or run the user's code is done beside it.
class ManagerServer {
 public:
  /// Opens the desk: clients may ask from now on. `itself` is the object whose id is 0.
  explicit ManagerServer(SharedRef desk, std::shared_ptr<Referent> itself);
  ~ManagerServer();
  ManagerServer(const ManagerServer&) = delete;
  ManagerServer& operator=(const ManagerServer&) = delete;

  /// The loop: until stop().
  void run();

  // In the loop's thread.

  /// Keeps the object as long as there are proxies; `type` is what they must be. The reference is
  /// the first of them.
  SharedRef add(std::shared_ptr<Referent> object, std::uint64_t type);

  /// Null when there is none.
  std::shared_ptr<Referent> find(std::uint64_t id) const;
  /// What a proxy stands for that was sent here; null when it is another server's.
  std::shared_ptr<Referent> find(const SharedRef& cell) const;

  /// One more reference to an object. Throws RuntimeError when there is none.
  SharedRef reference_to(std::uint64_t id) const;

  /// How many objects there are.
  std::uint64_t count_objects();

  using Timer = Timers::Timer;
  /// Calls `then` at that time, unless it is cancelled before.
  Timer call_at(os::Deadline time, LoopWork then) { return timers_.add(time, std::move(then)); }
  void cancel(const Timer& timer) { timers_.cancel(timer); }

  /// A call of a client that is not at the desk, with bytes of its own.
  ServedCall copy_call(std::shared_ptr<Session> session, Bytes bytes, std::vector<SharedRef> refs);
  void serve(ServedCall call);
  /// Whether it stands for an object of this server.
  bool is_own_cell(const SharedRef& ref) const noexcept;
  std::uint64_t next_session() noexcept { return ++sessions_made_; }
  void end_session(Session& session) { session.end(); }
  /// Who has said goodbye is known to have left, also before the server comes to serve that.
  void hear_goodbyes();

  /// Runs `work` on a thread of its own, then `then` in the loop.
  void run_beside(std::function<void()> work, std::function<void()> then);
  /// Lets go of what the user's destructor may end, on another thread.
  void discard(std::shared_ptr<void> object) noexcept { discarder()(std::move(object)); }
  /// The same for those who outlive the server.
  WorkThreads::Discard discarder() const { return threads_.discarder(); }
  /// The object is free again: calls that came meanwhile are served.
  void serve_waiting(Referent& object);

  void stop() noexcept { stopping_ = true; }
  bool is_stopping() const noexcept { return stopping_; }

  // Any thread.

  Desk& desk() const noexcept { return desk_at(desk_); }

  /// Runs `work` in this thread, while nobody else is in the loop.
  template <class Do>
  void enter(Do work) {
    const std::unique_lock lock(loop_);
    work();
    if (stopping_ || timers_.next() < sleeps_until_) {
      post([] {});
    }
  }

  /// Runs `work` in the loop, soon.
  void post(std::function<void()> work) { posted_->add(std::move(work)); }

  /// post(), also for those who outlive the server: then it does nothing.
  auto poster() const {
    return [posted = posted_](std::function<void()> work) { posted->add(std::move(work)); };
  }

 private:
  struct Place {
    std::uint64_t generation = 0;
    std::shared_ptr<Referent> object;
    Stub* stub = nullptr;
    Offset cell = 0;
  };

  bool has_news() const noexcept;
  void work();
  bool serve_asking();
  void serve_box(Box& box);
  void hear_goodbye(Box& box);
  bool drop_objects();
  void end_dead_sessions();
  ServedCall make_call(std::shared_ptr<Session> session, std::uint64_t number);
  void take_back(std::unique_ptr<ServedCall::Body> body) noexcept;
  void serve_on(Referent& object, ServedCall& call);
  std::uint32_t free_place();
  void add_places();

  SharedRef desk_;
  std::mutex loop_;  // held by the thread that is in the loop
  os::Deadline sleeps_until_ = os::never;
  WorkThreads threads_;  // what is dropped at the end needs them
  bool stopping_ = false;
  std::uint64_t ends_seen_ = 0;
  std::uint64_t sessions_made_ = 0;
  std::shared_ptr<Referent> self_;  // id 0: the server itself
  std::vector<Place> places_;       // by the low half of the id
  std::vector<std::uint32_t> free_places_;
  std::uint64_t objects_ = 0;
  std::unordered_map<Box*, std::shared_ptr<Session>> sessions_;
  Timers timers_;
  std::unique_ptr<ServedCall::Body> spare_;

  std::shared_ptr<PostBox> posted_;
  std::vector<Box*> asking_;

  friend class ServedCall;
};

}  // namespace multiprocess::detail
