// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/doorbell.hpp>

#include "kinds.hpp"
#include "overlapped.hpp"
#include "pipe.hpp"
#include "readiness.hpp"

#include <array>
#include <chrono>
#include <string>

namespace multiprocess::detail::os {

namespace {

constexpr DWORD most_rings = 16;  // that are kept; one says what all of them do

PipePeek look_at(NativeHandle end) {
  const PipePeek peek = end == no_handle ? PipePeek{PipePeek::closed} : peek_pipe(end);
  if (peek.kind != PipePeek::pipe) {
    throw last_error("the doorbell " + std::to_string(end), std::errc::bad_file_descriptor);
  }
  return peek;
}

class ViewedDoorbell final : public Special {
 public:
  explicit ViewedDoorbell(NativeHandle end) noexcept : end_(end) {}

  bool watch_parts(NativeHandle lamp, Readiness& readiness, std::size_t key) override {
    readiness.watch_object(native(lamp), {key, true, false});
    readiness.watch(end_, Poller::Interest::read, key);
    return true;
  }

 private:
  NativeHandle end_;
};

}  // namespace

std::pair<Handle, Handle> make_doorbell() {
  return make_pipe_ends({.room = most_rings});
}

DoorbellState wait_for_doorbell(NativeHandle end, Deadline deadline) {
  while (true) {
    const PipePeek peek = look_at(end);
    if (peek.is_gone) {
      return DoorbellState::gone;
    }
    if (peek.available != 0) {
      return DoorbellState::rung;
    }
    if (deadline == at_once || !wait_ready(end, Poller::Interest::read, deadline)) {
      return DoorbellState::quiet;
    }
  }
}

bool other_end_is_gone(NativeHandle end) {
  return look_at(end).is_gone;
}

void ring_doorbell(NativeHandle end) noexcept {
  try {
    constexpr char byte = 1;
    Operation ringing;
    const BOOL begun = WriteFile(native(end), &byte, 1, nullptr, ringing.get());
    ringing.wait(native(end), begun, at_once);
  } catch (const std::system_error&) {  // no event is left for this thread
  }
}

void silence_doorbell(NativeHandle end) noexcept {
  try {
    std::array<std::byte, 4096> bytes;
    while (peek_pipe(end).available != 0 && read_pipe(end, bytes, at_once).value_or(0) != 0) {
    }
  } catch (const std::system_error&) {  // closed, or no event is left for this thread
  }
}

DoorbellView view_doorbell(NativeHandle end) {
  DoorbellView view{make_event(true), {}};
  view.lamp = duplicate(view.handle.get());
  remember(view.handle.get(), std::make_shared<ViewedDoorbell>(end));
  return view;
}

void put_out(const DoorbellView& view) noexcept {
  ResetEvent(native(view.lamp.get()));
}

}  // namespace multiprocess::detail::os
