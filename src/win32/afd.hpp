// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/poller.hpp>

#include "system.hpp"

#include <winternl.h>

#include <cstdint>

namespace multiprocess::detail::os {

inline bool wants(Poller::Interest interest, Poller::Interest what) noexcept {
  return (static_cast<unsigned>(interest) & static_cast<unsigned>(what)) != 0;
}

// The request that the system's own select() and poll() are made of. Unlike WSAEventSelect() it
// leaves nothing behind in the sockets, which other threads and processes may wait for as well.
namespace afd {

inline constexpr ULONG poll = 0x00012024;  // IOCTL_AFD_POLL
inline constexpr LONGLONG for_ever = INT64_MAX;

enum Event : ULONG {
  receive = 0x1,
  send = 0x4,
  disconnect = 0x8,
  abort = 0x10,
  local_close = 0x20,
  accept = 0x80,
  connect_fail = 0x100,
};

struct Entry {
  HANDLE socket;
  ULONG events;
  NTSTATUS status;
};

struct Request {
  LARGE_INTEGER patience;
  ULONG count;
  ULONG exclusive;
};

inline ULONG events_of(Poller::Interest interest) noexcept {
  using Interest = Poller::Interest;
  return abort | local_close | connect_fail |
         (wants(interest, Interest::read) ? receive | disconnect | accept : 0U) |
         (wants(interest, Interest::write) ? ULONG{send} : 0U);
}

}  // namespace afd

}  // namespace multiprocess::detail::os
