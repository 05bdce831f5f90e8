// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace multiprocess::detail {

/// A semaphore in a server; see AcquirerMethod. Units are given in the order in which they were
/// asked for; what a killed process had comes back as that of a Semaphore does.
class SemaphoreReferent final : public SharedReferent {
 public:
  static constexpr std::uint64_t most = 2147483647;

  SemaphoreReferent(std::uint64_t units, bool bounded)
      : units_(units), initial_(units), bounded_(bounded) {}

  void serve(ServedCall& call) override;

 private:
  struct Nothing {};

  void thread_ended(Session& session) override { waiting_.take_of(session); }
  void process_ended(std::uint64_t process, bool killed) override;
  void acquire(ServedCall& call);
  void release(const Session& session);
  void give(ServedCall& call);
  void give_waiting();
  std::string show() const;

  std::uint64_t units_;
  std::uint64_t initial_;
  bool bounded_;
  std::map<std::uint64_t, std::uint64_t> taken_;  // by processes
  CallQueue<Nothing> waiting_;
};

}  // namespace multiprocess::detail
