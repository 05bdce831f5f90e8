// SPDX-License-Identifier: BSD-3-Clause
#include "listening.hpp"

#include "pipe.hpp"

#include <chrono>

namespace multiprocess::detail::os {

namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 100ms;
constexpr auto patience_with_strangers = 1s;

/// Names of pipes are the same in capital letters, names of events are not.
std::wstring name_of_mark(const std::wstring& pipe) {
  std::wstring mark = pipe.substr(pipe.rfind(L'\\') + 1);
  const int size = static_cast<int>(mark.size());
  LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_LOWERCASE, mark.data(), size, mark.data(), size,
                nullptr, nullptr, 0);
  return L"Global\\multiprocess-listens-" + mark;
}

std::system_error in_use(const std::wstring& name) {
  return last_error("listening at '" + to_narrow(name) + "'", std::errc::address_in_use);
}

/// Whether somebody waits for clients at that name, whom this library does not know.
bool is_served_by_strangers(const std::wstring& name) {
  constexpr DWORD hardly_any_time = 1;
  return WaitNamedPipeW(name.c_str(), hardly_any_time) != FALSE;
}

DWORD read_mode(DWORD type) noexcept {
  return type == PIPE_TYPE_MESSAGE ? PIPE_READMODE_MESSAGE : PIPE_READMODE_BYTE;
}

bool has_come(DWORD error) noexcept {
  return error == ERROR_PIPE_CONNECTED || error == ERROR_NO_DATA;  // and gone again
}

void wait_for_room(const std::wstring& name, Deadline until) {
  const Deadline next = std::chrono::steady_clock::now() + between_looks;
  constexpr DWORD at_least = 1;  // 0: whatever the server thinks right
  WaitNamedPipeW(name.c_str(), std::max(at_least, milliseconds_until(std::min(until, next))));
}

/// When all instances are taken: until when to wait for one.
Deadline patience_at(const std::wstring& name, Deadline begin, Deadline deadline) {
  return is_served(name) ? deadline : std::min(deadline, begin + patience_with_strangers);
}

}  // namespace

bool is_served(const std::wstring& name) {
  return bool(owned(OpenEventW(SYNCHRONIZE, FALSE, name_of_mark(name).c_str())));
}

ListeningPipe::ListeningPipe(std::wstring name, DWORD type, std::size_t instances)
    : name_(std::move(name)), type_(type), event_(make_event()) {
  mark_ = owned(CreateEventW(for_this_user(), TRUE, FALSE, name_of_mark(name_).c_str()));
  if (!mark_ || GetLastError() == ERROR_ALREADY_EXISTS || is_served_by_strangers(name_)) {
    throw in_use(name_);
  }
  while (instances_.size() < instances) {
    instances_.push_back(make_instance());
  }
}

ListeningPipe::~ListeningPipe() {
  for (const auto& instance : instances_) {
    finish(native(instance->pipe.get()), instance->overlapped);
  }
}

Handle ListeningPipe::open(std::wstring name, DWORD type, std::size_t instances) {
  const auto made = std::make_shared<ListeningPipe>(std::move(name), type, instances);
  Handle stands_for_it = duplicate(made->event_.get());
  remember(stands_for_it.get(), made);
  return stands_for_it;
}

std::unique_ptr<ListeningPipe::Instance> ListeningPipe::make_instance() {
  auto made = std::make_unique<Instance>();
  made->pipe =
      owned(CreateNamedPipeW(name_.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                             type_ | read_mode(type_) | PIPE_REJECT_REMOTE_CLIENTS,
                             PIPE_UNLIMITED_INSTANCES, pipe_room, pipe_room, 0, for_this_user()));
  if (!made->pipe) {
    const DWORD error = GetLastError();
    throw error == ERROR_ACCESS_DENIED || error == ERROR_PIPE_BUSY
        ? in_use(name_)
        : last_error("listening at '" + to_narrow(name_) + "'", error);
  }
  wait_for_somebody(*made);
  return made;
}

void ListeningPipe::wait_for_somebody(Instance& instance) {
  instance.overlapped = {};
  instance.overlapped.hEvent = native(event_.get());
  if (ConnectNamedPipe(native(instance.pipe.get()), &instance.overlapped) ||
      GetLastError() == ERROR_IO_PENDING) {
    return;
  }
  if (const DWORD error = GetLastError(); !has_come(error)) {
    throw last_error("ConnectNamedPipe", error);
  }
  instance.overlapped.Internal = 0;
  SetEvent(native(event_.get()));
}

std::optional<Handle> ListeningPipe::accept() {
  const std::scoped_lock lock(mutex_);
  std::optional<Handle> accepted;
  for (std::size_t i = 0; i < instances_.size() && !accepted; ++i) {
    Instance& instance = *instances_[i];
    if (!is_over(instance.overlapped)) {
      continue;
    }
    DWORD none = 0;
    if (instance.overlapped.Internal != 0 &&
        !GetOverlappedResult(native(instance.pipe.get()), &instance.overlapped, &none, FALSE) &&
        GetLastError() == ERROR_OPERATION_ABORTED) {
      wait_for_somebody(instance);  // the thread that waited has ended
      continue;
    }
    instances_.push_back(make_instance());  // first: there is to be a free one at any time
    accepted = std::move(instances_[i]->pipe);
    instances_.erase(instances_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  tell();
  return accepted;
}

/// The event says how it is: each beginning of a wait has unset it.
void ListeningPipe::tell() {
  ResetEvent(native(event_.get()));
  for (const auto& instance : instances_) {
    if (is_over(instance->overlapped)) {
      SetEvent(native(event_.get()));
    }
  }
}

Handle connect_to_pipe(const std::wstring& name, DWORD type, Deadline deadline) {
  const Deadline begin = std::chrono::steady_clock::now();
  while (true) {
    Handle client = owned(CreateFileW(
        name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
        FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr));
    const DWORD error = client ? ERROR_SUCCESS : GetLastError();
    if (client) {
      DWORD mode = read_mode(type);
      if (type == PIPE_TYPE_MESSAGE &&
          !SetNamedPipeHandleState(native(client.get()), &mode, nullptr, nullptr)) {
        throw last_error("the mode of a pipe");
      }
      return client;
    }
    if (error != ERROR_PIPE_BUSY) {
      throw last_error("connecting to '" + to_narrow(name) + "'", error);
    }
    const Deadline until = patience_at(name, begin, deadline);
    if (until != never && until <= std::chrono::steady_clock::now()) {
      throw last_error("connecting to '" + to_narrow(name) + "'",
                       until == deadline ? std::errc::timed_out : std::errc::connection_refused);
    }
    wait_for_room(name, until);
  }
}

Belongs whose_other_end(NativeHandle pipe) noexcept {
  const DWORD process = process_at_other_end(pipe);
  const Belongs whose = process == 0 ? Belongs::unknown : whose_process(process);
  // Nobody else could have opened a pipe of ours.
  return whose == Belongs::unknown && is_server_end(pipe) ? Belongs::to_us : whose;
}

}  // namespace multiprocess::detail::os
