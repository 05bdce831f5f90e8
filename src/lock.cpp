// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/error.hpp>

#include <new>

namespace multiprocess {

namespace {

detail::SharedRef make_lock() {
  const detail::Offset block = detail::allocate(sizeof(detail::OwnedLock));
  new (detail::at<detail::OwnedLock>(block)) detail::OwnedLock{};
  return detail::publish_object(block, detail::ObjectType::lock);
}

}  // namespace

Lock::Lock() : ref_(make_lock()) {}

void Lock::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::lock);
}

bool Lock::take(Timeout timeout) const {
  using detail::Taken;
  // The common case needs no look at the clock.
  return shared().try_acquire() != Taken::no || shared().acquire(timeout.deadline()) != Taken::no;
}

void Lock::release() const {
  if (!shared().release()) {
    throw ValueError("the lock was released too many times: nobody holds it");
  }
}

bool Lock::locked() const {
  return shared().owner() != 0;
}

bool Lock::owner_died() const {
  return (shared().owner() & detail::OwnedLock::died_flag) != 0;
}

namespace {

/// Python's text: the process, and the thread when it is not the main one.
std::string this_holder() {
  const std::string thread = detail::current_thread_label();
  const std::string process = detail::current_process_name();
  return thread == "MainThread" ? process : process + "|" + thread;
}

}  // namespace

std::string mp_repr(const Lock& lock) {
  const std::uint64_t owner = lock.shared().owner();
  std::string who = "SomeOtherProcess";
  if (owner == 0) {
    who = "None";
  } else if (detail::ticket_of_owner(owner) == detail::this_participant()) {
    who = detail::thread_of_owner(owner) == detail::thread_number() ? this_holder()
                                                                    : "SomeOtherThread";
  }
  return "<Lock(owner=" + who + ")>";
}

}  // namespace multiprocess
