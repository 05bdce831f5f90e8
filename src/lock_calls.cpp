// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/lock_calls.hpp>

#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

namespace {

std::string owner_name(std::uint64_t owner) {
  if (owner == 0) {
    return "None";
  }
  if (ticket_of_owner(owner) != this_participant()) {
    return "SomeOtherProcess";
  }
  if (thread_of_owner(owner) != thread_number()) {
    return "SomeOtherThread";
  }
  const std::string thread = current_thread_label();
  const std::string process = current_process_name();
  return thread == "MainThread" ? process : process + "|" + thread;
}

}  // namespace

void release_lock(OwnedLock& lock) {
  if (!lock.release()) {
    throw ValueError("the lock was released too many times: nobody holds it");
  }
}

void release_lock(RecursiveLock& lock) {
  if (!lock.release()) {
    throw AssertionError("attempt to release recursive lock not owned by thread");
  }
}

std::string lock_repr(const OwnedLock& lock) {
  return fmt::format("<Lock(owner={})>", owner_name(lock.owner()));
}

std::string lock_repr(const RecursiveLock& lock) {
  const std::uint64_t owner = lock.owned().owner();
  const std::string depth = owner == 0                           ? "0"
                            : lock.owned().held_by_this_thread() ? fmt::to_string(lock.depth())
                                                                 : "nonzero";
  return fmt::format("<RLock({}, {})>", owner_name(owner), depth);
}

}  // namespace multiprocess::detail
