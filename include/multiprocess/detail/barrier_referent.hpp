// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A barrier in a server; see BarrierMethod. Its action runs in the server, beside the loop.
class BarrierReferent final : public SharedReferent {
 public:
  BarrierReferent(std::uint64_t parties, std::int64_t time, std::optional<Blob> action)
      : parties_(parties), time_(time), action_(std::move(action)) {}

  void serve(ServedCall& call) override;

 private:
  struct Place {
    std::uint64_t index;
  };

  void thread_ended(Session& session) override;
  void process_ended(std::uint64_t process, bool killed) override;
  void wait(ServedCall& call);
  void come(ServedCall& call, os::Deadline deadline);
  void act(ServedCall& call);
  void pass();
  void break_up();
  /// Those who wait get BrokenBarrierError.
  void send_away();
  void serve_early();
  std::string show() const;

  std::uint64_t parties_;
  std::int64_t time_;  // of a wait that does not say so itself
  std::optional<Blob> action_;
  bool broken_ = false;
  bool acts_ = false;              // all are there, and the action runs
  std::uint64_t round_ = 0;        // how often those who waited were sent away
  std::set<std::uint64_t> known_;  // processes that have waited since it was made or reset
  CallQueue<Place> waiting_;
  std::vector<std::pair<ServedCall, os::Deadline>> early_;  // for the next time, while it acts
};

}  // namespace multiprocess::detail
