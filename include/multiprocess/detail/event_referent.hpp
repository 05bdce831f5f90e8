// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_queue.hpp>
#include <multiprocess/detail/shared_referent.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <cstdint>

namespace multiprocess::detail {

/// An event in a server; see EventMethod.
class EventReferent final : public SharedReferent {
 public:
  void serve(ServedCall& call) override;

 private:
  struct Nothing {};

  void thread_ended(Session& session) override { waiting_.take_of(session); }
  void process_ended(std::uint64_t, bool) override {}
  void set();
  void wait(ServedCall& call);

  bool is_set_ = false;
  CallQueue<Nothing> waiting_;
};

}  // namespace multiprocess::detail
