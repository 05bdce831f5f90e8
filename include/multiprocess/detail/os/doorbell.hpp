// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <utility>

namespace multiprocess::detail::os {

/// Two ends, each of which can ring at the other: that one is then readable, for whoever polls it.
/// Not inherited by new programs. Throws std::system_error.
std::pair<Handle, Handle> make_doorbell();

enum class DoorbellState { quiet, rung, gone };

/// Waits until the bell at this end has rung or every copy of the other end is closed, at most
/// until `deadline`. Throws std::system_error, also when this end is closed.
DoorbellState wait_for_doorbell(NativeHandle end, Deadline deadline);

/// Whether every copy of the other end is closed. Throws std::system_error when this end is.
bool other_end_is_gone(NativeHandle end);

/// Rings at the other end; does nothing when that is gone.
void ring_doorbell(NativeHandle end) noexcept;

/// The bell at this end has not rung any more.
void silence_doorbell(NativeHandle end) noexcept;

/// A handle that is readable while the end is, and at first in any case, until the lamp is put out.
struct DoorbellView {
  Handle handle;
  Handle lamp;
};
DoorbellView view_doorbell(NativeHandle end);
void put_out(const DoorbellView& view) noexcept;

}  // namespace multiprocess::detail::os
