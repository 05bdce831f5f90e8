// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/doorbell.hpp>

#include "system_error.hpp"
#include "time_until.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace multiprocess::detail::os {

namespace {

void add_to(const Handle& set, NativeHandle member) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(static_cast<int>(set.get()), EPOLL_CTL_ADD, static_cast<int>(member), &event) !=
      0) {
    throw last_error("epoll_ctl");
  }
}

}  // namespace

std::pair<Handle, Handle> make_doorbell() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw last_error("socketpair");
  }
  return {Handle(ends[0]), Handle(ends[1])};
}

DoorbellState wait_for_doorbell(NativeHandle end, Deadline deadline) {
  if (end == no_handle) {
    throw last_error("poll of a closed end", EBADF);  // poll() would pass over it
  }
  pollfd entry{static_cast<int>(end), POLLIN, 0};
  int ready = 0;
  do {
    const timespec rest = deadline == never ? timespec{} : time_until(deadline);
    ready = ppoll(&entry, 1, deadline == never ? nullptr : &rest, nullptr);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) {
    throw last_error("poll");
  }
  if ((entry.revents & POLLNVAL) != 0) {
    throw last_error("poll of descriptor " + std::to_string(end), EBADF);
  }
  if ((entry.revents & (POLLHUP | POLLERR)) != 0) {
    return DoorbellState::gone;
  }
  return ready > 0 ? DoorbellState::rung : DoorbellState::quiet;
}

bool other_end_is_gone(NativeHandle end) {
  return wait_for_doorbell(end, at_once) == DoorbellState::gone;
}

void ring_doorbell(NativeHandle end) noexcept {
  const char byte = 1;
  while (send(static_cast<int>(end), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void silence_doorbell(NativeHandle end) noexcept {
  std::array<char, 64> bytes;
  ssize_t taken = 0;
  do {
    taken = recv(static_cast<int>(end), bytes.data(), bytes.size(), MSG_DONTWAIT);
  } while (taken == static_cast<ssize_t>(bytes.size()) || (taken < 0 && errno == EINTR));
}

DoorbellView view_doorbell(NativeHandle end) {
  DoorbellView view{Handle(epoll_create1(EPOLL_CLOEXEC)),
                    Handle(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK))};
  if (!view.handle || !view.lamp) {
    throw last_error("epoll_create1 or eventfd");
  }
  add_to(view.handle, end);
  add_to(view.handle, view.lamp.get());
  return view;
}

void put_out(const DoorbellView& view) noexcept {
  std::uint64_t count = 0;
  while (read(static_cast<int>(view.lamp.get()), &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace multiprocess::detail::os
