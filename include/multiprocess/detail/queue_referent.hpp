// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace multiprocess::detail {

/// A queue in a server; see QueueMethod. It knows which of its items are done, as a JoinableQueue
/// does: what was in the hand of a process that is gone counts as done.
class QueueReferent final : public SharedReferent {
 public:
  explicit QueueReferent(std::uint64_t capacity) : capacity_(capacity) {}

  void serve(ServedCall& call) override;

 private:
  using Hands = std::map<std::uint64_t, std::uint64_t>;

  struct Nothing {};
  using Calls = CallQueue<Nothing>;

  void thread_ended(Session& session) override;
  void process_ended(std::uint64_t process, bool killed) override;
  void put(ServedCall& call);
  void get(ServedCall& call);
  void join(ServedCall& call);
  void shut_down(bool immediate);
  void task_done(const Session& session);
  /// Items for those who wait for them, room for those who wait for that.
  void move_on();
  void hand_over(ServedCall& call);
  void take_from(Hands::iterator hand);
  void look_whether_all_done();
  std::string show() const;

  std::uint64_t capacity_;
  bool is_shut_ = false;
  std::deque<Blob> items_;
  CallQueue<Blob> putters_;  // with what they put
  Calls getters_;
  Calls joiners_;
  Hands hands_;  // items that are not done, by processes
  std::uint64_t in_hands_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace multiprocess::detail
