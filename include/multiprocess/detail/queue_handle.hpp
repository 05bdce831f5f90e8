// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace multiprocess::detail {

/// What the queues do alike whatever lies in them: Python's errors for an Outcome.
[[noreturn]] void throw_full();
[[noreturn]] void throw_empty();
[[noreturn]] void throw_shut_down();

/// False when the time is up.
inline bool was_done(Outcome outcome) {
  if (outcome == Outcome::ended) [[unlikely]] {
    throw_shut_down();
  }
  return outcome == Outcome::done;
}
inline void require_put(Outcome outcome) {
  if (!was_done(outcome)) [[unlikely]] {
    throw_full();
  }
}
inline void require_got(Outcome outcome) {
  if (!was_done(outcome)) [[unlikely]] {
    throw_empty();
  }
}
void require_counted(bool done);

/// Throws ValueError if it was this process that closed it, not one that this is a fork of.
void require_not_closed_here(const SharedRef& ref);

inline void require_open(const SharedRef& ref) {
  if (ref.control()->closed.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    require_not_closed_here(ref);
  }
}

/// As Python's SimpleQueue: its handles are closed, which is an error of the system.
void require_handle_not_closed_here(const SharedRef& ref);

inline void require_handle_open(const SharedRef& ref) {
  if (ref.control()->closed.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    require_handle_not_closed_here(ref);
  }
}

void close_queue(const SharedRef& ref);
void require_closed(const SharedRef& ref);

/// Python's `maxsize`: none for 0 and less.
std::uint64_t queue_capacity(std::ptrdiff_t maxsize) noexcept;

/// Throws TypeError when the object of a reference that was received is no queue, or one of items
/// with another `item_type`.
void require_queue_of(const SharedRef& ref, std::uint64_t item_type, std::string_view item_name);

std::string queue_repr(const char* type, const SharedRef& ref);

}  // namespace multiprocess::detail
