// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/pool_operations.hpp>
#include <multiprocess/detail/referent.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace multiprocess::detail {

/// A pool in a server, whose workers are children of that; see PoolMethod. All that it does it does
/// beside the loop, for any number of clients at once.
class PoolReferent final : public Referent {
 public:
  ~PoolReferent() override;

  void serve(ServedCall& call) override;

 private:
  void start(ServedCall& call);
  void submit(ServedCall& call, bool waits);
  void stream(ServedCall& call);
  void use(ServedCall& call, std::function<void(Pool&, CallWriter&)> work);
  const std::shared_ptr<Pool>& pool() const;

  std::shared_ptr<Pool> pool_;  // its threads of work have it as well
  ManagerServer* server_ = nullptr;
};

/// The result of an asynchronous call of a pool; see AsyncResultMethod.
class AsyncResultReferent final : public SharedReferent {
 public:
  explicit AsyncResultReferent(std::shared_ptr<PendingResult> result)
      : result_(std::move(result)) {}

  void serve(ServedCall& call) override;
  /// Once, before all else: asks to be told when the result is there.
  void expect(ManagerServer& server);
  /// Answers a call of `get`, now or when the result is there.
  void get(ServedCall& call, os::Deadline deadline);

 private:
  struct Wish {
    bool value;  // or only to know
  };

  void thread_ended(Session& session) override { waiting_.take_of(session); }
  void process_ended(std::uint64_t, bool) override {}
  void wait(ServedCall& call, os::Deadline deadline, Wish wish);
  void serve_ready(ServedCall& call, Wish wish);

  std::shared_ptr<PendingResult> result_;
  bool ready_ = false;  // as far as the loop knows: to look for it may be to decode it
  bool successful_ = false;
  CallQueue<Wish> waiting_;
};

/// The results of an imap; see StreamMethod.
class StreamReferent final : public Referent {
 public:
  explicit StreamReferent(std::shared_ptr<PendingStream> results) : results_(std::move(results)) {}

  void serve(ServedCall& call) override;

 private:
  std::shared_ptr<PendingStream> results_;
};

}  // namespace multiprocess::detail
