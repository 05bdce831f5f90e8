// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/backtrace.hpp>

#include "system.hpp"

#include <array>
#include <cstring>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t most_frames = 64;
constexpr DWORD gcc_throws = 0x20474343;  // what GCC's runtime raises for a C++ exception

/// The stack of the latest exception that was thrown inside a guarded call of this thread.
struct ThrownStack {
  int guards = 0;  // around what this thread does now
  int thrown_in = 0;
  const void* exception = nullptr;
  std::size_t count = 0;
  std::array<std::uintptr_t, most_frames> addresses;
};
thread_local ThrownStack latest;

DWORD64 function_of(DWORD64 address) noexcept {
  DWORD64 base = 0;
  const auto* const entry = RtlLookupFunctionEntry(address, &base, nullptr);
  return entry == nullptr ? 0 : base + entry->BeginAddress;
}

/// One frame out; false at the end of the stack.
bool unwind(CONTEXT& context) noexcept {
  DWORD64 base = 0;
  auto* const entry = RtlLookupFunctionEntry(context.Rip, &base, nullptr);
  if (entry == nullptr) {
    return false;
  }
  void* handler_data = nullptr;
  DWORD64 frame = 0;
  RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, entry, &context, &handler_data, &frame,
                   nullptr);
  return context.Rip != 0;
}

__attribute__((noinline)) void run_guarded(void (*call)(void*), void* argument) {
  call(argument);
  asm volatile("");  // no tail call: this frame is where the record ends
}

void record(CONTEXT context) noexcept {
  const DWORD64 guard = function_of(reinterpret_cast<DWORD64>(&run_guarded));
  latest.count = 0;
  while (latest.count < most_frames && unwind(context) && function_of(context.Rip) != guard) {
    latest.addresses[latest.count++] = context.Rip;
  }
}

/// Called while the throwing function is still on the stack.
LONG CALLBACK note_throw(EXCEPTION_POINTERS* thrown) {
  if (latest.guards > 0 && thrown->ExceptionRecord->ExceptionCode == gcc_throws) {
    latest.thrown_in = latest.guards;
    // The thrown object lies behind the unwinder's part.
    constexpr std::size_t unwinders_part = 64;
    latest.exception =
        reinterpret_cast<const char*>(thrown->ExceptionRecord->ExceptionInformation[0]) +
        unwinders_part;
    record(*thrown->ContextRecord);
  }
  return EXCEPTION_CONTINUE_SEARCH;
}

const void* object_of(const std::exception_ptr& exception) noexcept {
  static_assert(sizeof(exception) == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(&object, &exception, sizeof(object));
  return object;
}

/// Forgets what was thrown and caught inside.
struct Guard {
  Guard() { ++latest.guards; }
  ~Guard() {
    --latest.guards;
    if (std::uncaught_exceptions() == uncaught_before) {
      latest.exception = nullptr;
    }
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  const int uncaught_before = std::uncaught_exceptions();
};

}  // namespace

void call_guarded(void (*call)(void*), void* argument) {
  static void* const notes = AddVectoredExceptionHandler(0, note_throw);
  static_cast<void>(notes);
  const Guard guard;
  latest.exception = nullptr;  // the memory of an earlier exception may serve a new one
  run_guarded(call, argument);
}

std::vector<std::uintptr_t> take_thrown_stack(const std::exception_ptr& exception) {
  const bool has_left = latest.guards < latest.thrown_in;
  if (exception == nullptr || !has_left || latest.exception != object_of(exception)) {
    return {};
  }
  latest.exception = nullptr;
  return {latest.addresses.begin(), latest.addresses.begin() + latest.count};
}

}  // namespace multiprocess::detail::os
