// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/referent.hpp>

#include <cstdint>
#include <map>
#include <memory>

namespace multiprocess::detail {

/// An object that knows what clients have of it, and gives it back when they are gone: what a
/// thread waits for when that ends, what a process holds when none of its threads is left that has
/// used the object.
class SharedReferent : public Referent {
 public:
  void session_ended(Session& session) final;

 protected:
  /// The client holds something from now on, or waits.
  void watch(const std::shared_ptr<Session>& session);

  /// Those whose processes are dead have ended, also before the server has noticed it. The session
  /// of the call that is served may be over then: so look before it gets something.
  void end_the_dead(ManagerServer& server);

  virtual void thread_ended(Session&) {}
  virtual void process_ended(std::uint64_t process, bool killed) = 0;

 private:
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;  // by their numbers
  std::map<std::uint64_t, int> processes_;                      // how many sessions
};

}  // namespace multiprocess::detail
