// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/lock_referent.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace multiprocess::detail {

/// A condition in a server; see ConditionMethod. Its lock may be another object as well.
class ConditionReferent final : public SharedReferent {
 public:
  explicit ConditionReferent(std::shared_ptr<LockReferent> lock) : lock_(std::move(lock)) {}

  void serve(ServedCall& call) override;

 private:
  struct LetGo {
    std::uint64_t depth;
  };

  void thread_ended(Session& session) override { sleeping_.take_of(session); }
  void process_ended(std::uint64_t, bool) override {}
  void require_held(const Session& session, const char* otherwise) const;
  void wait(ServedCall& call);
  void notify(std::uint64_t most);
  void wake(ServedCall& call, std::uint64_t depth, bool notified);
  std::string show() const;

  std::shared_ptr<LockReferent> lock_;
  CallQueue<LetGo> sleeping_;
};

}  // namespace multiprocess::detail
