// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/owned_lock.hpp>

namespace multiprocess::detail {

Taken OwnedLock::take_over(std::uint64_t owner) noexcept {
  if (owner == 0 || !is_over(ticket_of_owner(owner))) {
    return Taken::no;
  }
  return step::cas(owner_, owner, this_owner() | died_flag) ? Taken::from_dead : Taken::no;
}

Taken OwnedLock::acquire_slowly(os::Deadline deadline) noexcept {
  const bool waits = deadline != os::at_once;
  for (Spin spin; waits && spin.again_later();) {
    if (owner() == 0) {
      if (const Taken taken = try_acquire(); taken != Taken::no) {
        return taken;
      }
    }
  }
  // The holder has kept it for long: ask whether it lives before the costly sleep.
  if (const std::uint64_t owner = owner_.load(std::memory_order_acquire); owner != 0) {
    check_participant(ticket_of_owner(owner));
  }
  if (const Taken taken = try_acquire(); taken != Taken::no || !waits) {
    return taken;
  }
  return sleep_for_it(deadline);
}

Taken OwnedLock::sleep_for_it(os::Deadline deadline) noexcept {
  while (true) {
    Woken woken = Woken::look_again;
    {
      Sleep sleep(low_half(), sleepers_);
      const std::uint64_t owner = owner_.load(std::memory_order_seq_cst);
      if (owner != 0 && !is_over(ticket_of_owner(owner))) {
        woken = sleep.while_equal(static_cast<std::uint32_t>(owner), deadline, short_slice);
      }
    }
    if (woken == Woken::slice) {
      check_participant(ticket_of_owner(owner_.load(std::memory_order_acquire)));
    }
    const Taken taken = try_acquire();
    if (taken != Taken::no || woken == Woken::deadline) {
      return taken;
    }
  }
}

}  // namespace multiprocess::detail
