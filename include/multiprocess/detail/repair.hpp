// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/participants.hpp>

namespace multiprocess::detail {

/// Gives back what ended participants held and frees their places. One process at a time does it,
/// and if it is killed the next one goes on: every step leaves either the thing to do or the thing
/// done.
void clear_away_the_dead() noexcept;

/// Only says that a participant has ended and wakes the sleepers: may be called with anything held.
/// False when its place was cleared away already.
bool mark_end(Ticket ticket) noexcept;

/// Others may wait for the end of this process: it will wake them, also when it leaves in good
/// order.
void expect_our_end() noexcept;

/// Drops the references that this process kept only for forked children that have ended by now.
void drop_what_was_inherited() noexcept;

/// Drops all references of one participant's account.
void drop_account(Participant& place) noexcept;

}  // namespace multiprocess::detail
