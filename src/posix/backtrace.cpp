// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/backtrace.hpp>

#include <unwind.h>

#include <array>
#include <cstring>

#if defined(__x86_64__) && defined(__ELF__)
#define MULTIPROCESS_HAS_THROWN_STACK 1
#else
#define MULTIPROCESS_HAS_THROWN_STACK 0
#endif

namespace multiprocess::detail::os {
namespace {

constexpr std::size_t most_frames = 64;

/// The stack of the latest exception that left a guarded call of this thread.
struct ThrownStack {
  const void* exception = nullptr;
  std::size_t count = 0;
  std::array<std::uintptr_t, most_frames> addresses;
};
thread_local ThrownStack latest;

#if MULTIPROCESS_HAS_THROWN_STACK

/// The frame of the guarded call, where the record ends.
struct Recording {
  std::uintptr_t guard_frame;
};

_Unwind_Reason_Code record_frame(_Unwind_Context* context, void* argument) {
  const auto* const recording = static_cast<const Recording*>(argument);
  if (latest.count == most_frames || _Unwind_GetCFA(context) == recording->guard_frame) {
    return _URC_END_OF_STACK;
  }
  latest.addresses[latest.count++] = _Unwind_GetIP(context);
  return _URC_NO_REASON;
}

#endif

const void* object_of(const std::exception_ptr& exception) noexcept {
  static_assert(sizeof(exception) == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(&object, &exception, sizeof(object));
  return object;
}

}  // namespace

#if MULTIPROCESS_HAS_THROWN_STACK

/// Runs while an exception looks for its handler, before any frame is unwound: the throwing
/// function is still on the stack.
extern "C" __attribute__((visibility("hidden"))) _Unwind_Reason_Code multiprocess_guard_personality(
    int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception* exception,
    _Unwind_Context* context) {
  if ((actions & _UA_SEARCH_PHASE) != 0) {
    latest.count = 0;
    latest.exception = exception + 1;  // the thrown object lies behind the unwinder's part
    Recording recording{_Unwind_GetCFA(context)};
    _Unwind_Backtrace(&record_frame, &recording);
  }
  return _URC_CONTINUE_UNWIND;
}

extern "C" void multiprocess_guarded_call(void (*call)(void*), void* argument);

asm(R"(
  .text
  .p2align 4
  .hidden multiprocess_guarded_call
  .globl multiprocess_guarded_call
  .type multiprocess_guarded_call, @function
multiprocess_guarded_call:
  .cfi_startproc
  .cfi_personality 0x1b, multiprocess_guard_personality
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  movq %rdi, %rax
  movq %rsi, %rdi
  callq *%rax
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  retq
  .cfi_endproc
  .size multiprocess_guarded_call, .-multiprocess_guarded_call
)");

void call_guarded(void (*call)(void*), void* argument) {
  latest.exception = nullptr;  // the memory of an earlier exception may serve a new one
  multiprocess_guarded_call(call, argument);
}

#else

void call_guarded(void (*call)(void*), void* argument) {
  call(argument);
}

#endif

std::vector<std::uintptr_t> take_thrown_stack(const std::exception_ptr& exception) {
  if (exception == nullptr || latest.exception != object_of(exception)) {
    return {};
  }
  latest.exception = nullptr;
  return {latest.addresses.begin(), latest.addresses.begin() + latest.count};
}

}  // namespace multiprocess::detail::os
