// SPDX-License-Identifier: BSD-3-Clause
#include "overlapped.hpp"

namespace multiprocess::detail::os {

Handle make_event(bool is_set) {
  Handle made = owned(CreateEventW(nullptr, TRUE, is_set ? TRUE : FALSE, nullptr));
  if (!made) {
    throw last_error("CreateEvent");
  }
  return made;
}

HANDLE event_of_this_thread() {
  // No thread_local object: the compiler's runtime frees its memory before it destroys it.
  static const DWORD place = FlsAlloc([](void* event) {
    if (event != nullptr) {
      CloseHandle(event);
    }
  });
  HANDLE event = FlsGetValue(place);
  if (event == nullptr) {
    event = native(make_event().release());
    FlsSetValue(place, event);
  }
  return event;
}

void finish(HANDLE file, OVERLAPPED& operation) noexcept {
  if (!is_over(operation)) {
    CancelIoEx(file, &operation);
  }
  while (!is_over(operation)) {
    ResetEvent(operation.hEvent);  // other operations may share it
    if (!is_over(operation)) {
      WaitForSingleObject(operation.hEvent, INFINITE);
    }
  }
}

DWORD Operation::wait(HANDLE file, BOOL succeeded, Deadline deadline) noexcept {
  const DWORD begun = succeeded ? ERROR_SUCCESS : GetLastError();
  if (begun != ERROR_SUCCESS && begun != ERROR_IO_PENDING && begun != ERROR_MORE_DATA) {
    return begun;
  }
  bool cancelled = false;
  if (begun == ERROR_IO_PENDING && deadline != never &&
      (deadline == at_once ||
       WaitForSingleObject(overlapped_.hEvent, milliseconds_until(deadline)) != WAIT_OBJECT_0)) {
    cancelled = CancelIoEx(file, &overlapped_) != FALSE;
  }
  if (GetOverlappedResult(file, &overlapped_, &size_, TRUE)) {
    return ERROR_SUCCESS;
  }
  const DWORD error = GetLastError();
  return cancelled && error == ERROR_OPERATION_ABORTED ? WAIT_TIMEOUT : error;
}

}  // namespace multiprocess::detail::os
