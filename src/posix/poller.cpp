// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poller.hpp>

#include "system_error.hpp"
#include "time_until.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t most_at_once = 64;

std::uint32_t events_of(Poller::Interest interest) noexcept {
  const auto bits = static_cast<std::uint32_t>(interest);
  return ((bits & 1) != 0 ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
         ((bits & 2) != 0 ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

int control(NativeHandle set, int operation, NativeHandle handle, std::uint64_t tag,
            Poller::Interest interest) noexcept {
  epoll_event event{};
  event.events = events_of(interest);
  event.data.u64 = tag;
  return epoll_ctl(static_cast<int>(set), operation, static_cast<int>(handle), &event);
}

}  // namespace

Poller::Poller() : set_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!set_) {
    throw last_error("epoll_create1");
  }
}

void Poller::add(NativeHandle handle, std::uint64_t tag, Interest interest) {
  if (control(set_.get(), EPOLL_CTL_ADD, handle, tag, interest) != 0) {
    throw last_error("epoll_ctl for descriptor " + std::to_string(handle));
  }
}

void Poller::change(NativeHandle handle, std::uint64_t tag, Interest interest) {
  if (control(set_.get(), EPOLL_CTL_MOD, handle, tag, interest) != 0) {
    throw last_error("epoll_ctl for descriptor " + std::to_string(handle));
  }
}

void Poller::remove(NativeHandle handle) noexcept {
  control(set_.get(), EPOLL_CTL_DEL, handle, 0, Interest::nothing);
}

std::span<Poller::Event> Poller::wait(std::span<Event> into, Deadline deadline) const {
  std::array<epoll_event, most_at_once> events;
  const int most = static_cast<int>(std::min(into.size(), events.size()));
  int count = 0;
  do {
    count =
        epoll_wait(static_cast<int>(set_.get()), events.data(), most, milliseconds_until(deadline));
  } while ((count < 0 && errno == EINTR) ||
           (count == 0 && deadline != never && std::chrono::steady_clock::now() < deadline));
  if (count < 0) {
    throw last_error("epoll_wait");
  }
  const auto found = static_cast<std::size_t>(count);
  std::transform(events.begin(), events.begin() + count, into.begin(), [](const auto& event) {
    const bool over = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    return Event{event.data.u64, over || (event.events & EPOLLIN) != 0,
                 over || (event.events & EPOLLOUT) != 0};
  });
  return into.first(found);
}

}  // namespace multiprocess::detail::os
