// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace multiprocess::detail {

/// A lock in a server, recursive or not; see AcquirerMethod. It passes from one to the next in the
/// order in which they asked. A lock is its process's, a recursive one its thread's; who is gone
/// holds none.
class LockReferent final : public SharedReferent {
 public:
  explicit LockReferent(bool recursive) : recursive_(recursive) {}

  void serve(ServedCall& call) override;

  // For a condition, whose lock it is.

  bool is_held_by(const Session& session) const noexcept { return holder_.get() == &session; }
  /// Frees it; returns how often it had been taken.
  std::uint64_t let_go();
  /// The call waits until its client has the lock again, as often; then the answer is `notified`.
  /// Should the client end before that, or before it frees the lock, `lost` is called.
  void take_again(ServedCall& call, std::uint64_t depth, bool notified, std::function<void()> lost);
  std::string show() const;

 private:
  struct Wish {
    std::uint64_t depth = 1;
    bool answer = true;
    std::function<void()> lost;
  };

  void thread_ended(Session& session) override;
  void process_ended(std::uint64_t process, bool killed) override;
  void acquire(ServedCall& call);
  void release(const Session& session);
  void give(ServedCall& call, Wish wish);
  /// `died`: who had it is gone, and so is what it was about to do.
  void pass_on(bool died);

  bool recursive_;
  std::shared_ptr<Session> holder_;
  std::uint64_t depth_ = 0;
  std::function<void()> lost_;  // what the holder heard with it
  bool taken_over_ = false;     // from a dead holder, until the next release
  CallQueue<Wish> waiting_;
};

}  // namespace multiprocess::detail
