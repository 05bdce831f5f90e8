// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace multiprocess::detail::os {

/// Sleeps while `word` holds `expected`, at most until `deadline`; may return early for no reason.
/// The word lies in memory that processes share.
void sleep_while_equal(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       Deadline deadline) noexcept;

/// Wakes at most `count` threads that sleep on `word`; returns how many it knows to have woken.
int wake_sleepers(const std::atomic<std::uint32_t>& word, int count) noexcept;

/// Tells the processor that this is a spin loop.
void pause() noexcept;

/// Lets another thread run on this CPU.
void yield() noexcept;

}  // namespace multiprocess::detail::os
