// SPDX-License-Identifier: BSD-3-Clause
#include "pipe.hpp"

#include <multiprocess/detail/os/random.hpp>

#include "overlapped.hpp"
#include "user.hpp"

#include <winternl.h>

#include <array>
#include <cstdio>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail::os {

namespace {

constexpr ULONG peek_request = 0x11400c;  // FSCTL_PIPE_PEEK
constexpr ULONG closing_state = 4;        // FILE_PIPE_CLOSING_STATE
constexpr ULONG full_duplex = 2;          // FILE_PIPE_FULL_DUPLEX

constexpr auto name_information = static_cast<FILE_INFORMATION_CLASS>(9);
constexpr auto local_information = static_cast<FILE_INFORMATION_CLASS>(24);

namespace status {
constexpr auto invalid_handle = static_cast<NTSTATUS>(0xc0000008);
constexpr auto wrong_type = static_cast<NTSTATUS>(0xc0000024);
constexpr auto disconnected = static_cast<NTSTATUS>(0xc00000b0);
constexpr auto broken = static_cast<NTSTATUS>(0xc000014b);
constexpr auto not_connected = static_cast<NTSTATUS>(0xc00000ad);  // INVALID_PIPE_STATE
constexpr auto more_data = static_cast<NTSTATUS>(0x80000005);
}  // namespace status

struct PeekAnswer {
  ULONG state;
  ULONG available;
  ULONG messages;
  ULONG length;
};

struct PipeFacts {
  ULONG type;
  ULONG configuration;
  ULONG most_instances;
  ULONG instances;
  ULONG inbound_quota;
  ULONG available;
  ULONG outbound_quota;
  ULONG room;
  ULONG state;
  ULONG end;
};

std::optional<PipeFacts> facts_of(NativeHandle end) noexcept {
  PipeFacts facts{};
  IO_STATUS_BLOCK block{};
  if (NtQueryInformationFile(native(end), &block, &facts, sizeof facts, local_information) < 0) {
    return std::nullopt;
  }
  return facts;
}

bool is_end(DWORD error) noexcept {
  return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED ||
         error == ERROR_HANDLE_EOF;
}

/// A write that goes on while its caller does something else.
struct Background {
  OVERLAPPED overlapped{};
  std::shared_ptr<const Handle> event;
  std::vector<std::byte> bytes;
  NativeHandle pipe = no_handle;

  bool goes_on() const noexcept { return !is_over(overlapped); }
};

struct Backgrounds {
  std::mutex mutex;
  std::unordered_map<NativeHandle, std::unique_ptr<Background>> all;
};

Backgrounds& backgrounds() noexcept {
  static Backgrounds& only = *new Backgrounds;
  return only;
}

Background& background_of(Backgrounds& known, NativeHandle pipe) {
  std::unique_ptr<Background>& place = known.all[pipe];
  if (place == nullptr) {
    place = std::make_unique<Background>();
    place->event = std::make_shared<const Handle>(make_event());
    place->pipe = pipe;
  }
  return *place;
}

/// Throws what it failed with.
void check(const Background& writing) {
  DWORD written = 0;
  auto& overlapped = const_cast<OVERLAPPED&>(writing.overlapped);
  if (!GetOverlappedResult(native(writing.pipe), &overlapped, &written, FALSE)) {
    throw last_error("write to handle " + std::to_string(writing.pipe));
  }
}

void CALLBACK close_pipe(PTP_CALLBACK_INSTANCE, void* context, PTP_WAIT wait, TP_WAIT_RESULT) {
  const std::unique_ptr<Background> writing(static_cast<Background*>(context));
  CloseHandle(native(writing->pipe));
  CloseThreadpoolWait(wait);
}

std::unique_ptr<Background> take_background(NativeHandle pipe) noexcept {
  Backgrounds& known = backgrounds();
  const std::scoped_lock lock(known.mutex);
  const auto found = known.all.find(pipe);
  if (found == known.all.end()) {
    return nullptr;
  }
  auto taken = std::move(found->second);
  known.all.erase(found);
  return taken;
}

}  // namespace

PipePeek peek_pipe(NativeHandle end) noexcept {
  PeekAnswer answer{};
  IO_STATUS_BLOCK block{};
  switch (NtFsControlFile(native(end), nullptr, nullptr, nullptr, &block, peek_request, nullptr, 0,
                          &answer, sizeof answer)) {
    case 0:
    case status::more_data:
      return {PipePeek::pipe, answer.state == closing_state, answer.available};
    case status::broken:
    case status::disconnected:
      return {PipePeek::pipe, true, 0};
    case status::not_connected:
      return {PipePeek::pipe, false, 0};
    case status::invalid_handle:
      return {PipePeek::closed, false, 0};
    case status::wrong_type:
      return {PipePeek::object, false, 0};
    default:
      return {};
  }
}

std::wstring new_pipe_name() {
  std::array<wchar_t, 64> name{};
  std::swprintf(name.data(), name.size(), L"\\\\.\\pipe\\multiprocess-%016llx%016llx",
                static_cast<unsigned long long>(random_number()),
                static_cast<unsigned long long>(random_number()));
  return name.data();
}

std::pair<Handle, Handle> make_pipe_ends(const PipeShape& shape) {
  const std::wstring name = new_pipe_name();
  Handle server = owned(CreateNamedPipeW(
      name.c_str(), shape.access | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
      shape.type | (shape.type == PIPE_TYPE_MESSAGE ? PIPE_READMODE_MESSAGE : PIPE_READMODE_BYTE) |
          PIPE_REJECT_REMOTE_CLIENTS,
      1, shape.room, shape.room, 0, for_this_user()));
  if (!server) {
    throw last_error("CreateNamedPipe");
  }
  const DWORD access = shape.access == PIPE_ACCESS_INBOUND ? GENERIC_WRITE | FILE_READ_ATTRIBUTES
                                                           : GENERIC_READ | GENERIC_WRITE;
  Handle client = owned(CreateFileW(name.c_str(), access, 0, nullptr, OPEN_EXISTING,
                                    SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION |
                                        (shape.client_overlaps ? FILE_FLAG_OVERLAPPED : DWORD{0}),
                                    nullptr));
  DWORD mode = PIPE_READMODE_MESSAGE;
  if (!client || (shape.type == PIPE_TYPE_MESSAGE &&
                  !SetNamedPipeHandleState(native(client.get()), &mode, nullptr, nullptr))) {
    throw last_error("the other end of a pipe");
  }
  return {std::move(server), std::move(client)};
}

bool is_duplex(NativeHandle end) noexcept {
  const auto facts = facts_of(end);
  return facts && facts->configuration == full_duplex;
}

bool is_server_end(NativeHandle end) noexcept {
  DWORD flags = 0;
  return GetNamedPipeInfo(native(end), &flags, nullptr, nullptr, nullptr) &&
         (flags & PIPE_SERVER_END) != 0;
}

std::wstring name_of_pipe(NativeHandle end) {
  struct {
    ULONG bytes;
    std::array<wchar_t, 512> text;
  } answer{};
  IO_STATUS_BLOCK block{};
  if (NtQueryInformationFile(native(end), &block, &answer, sizeof answer, name_information) < 0) {
    throw last_error("the name of pipe " + std::to_string(end), ERROR_INVALID_HANDLE);
  }
  return {answer.text.data(), std::min(answer.bytes / sizeof(wchar_t), answer.text.size())};
}

DWORD process_at_other_end(NativeHandle end) noexcept {
  ULONG process = 0;
  const BOOL known = is_server_end(end) ? GetNamedPipeClientProcessId(native(end), &process)
                                        : GetNamedPipeServerProcessId(native(end), &process);
  return known ? process : 0;
}

std::optional<std::size_t> read_pipe(NativeHandle from, std::span<std::byte> into,
                                     Deadline deadline) {
  Operation reading;
  const DWORD most = static_cast<DWORD>(std::min<std::size_t>(into.size(), MAXLONG));
  const BOOL begun = ReadFile(native(from), into.data(), most, nullptr, reading.get());
  const DWORD error = reading.wait(native(from), begun, deadline);
  if (error == WAIT_TIMEOUT) {
    return std::nullopt;
  }
  if (error != ERROR_SUCCESS && error != ERROR_MORE_DATA && !is_end(error)) {
    throw last_error("read from handle " + std::to_string(from), error);
  }
  return is_end(error) ? 0 : reading.size();
}

void write_pipe(NativeHandle to, std::span<const std::byte> bytes) {
  constexpr std::size_t most_at_once = 1 << 20;
  while (!bytes.empty()) {
    Operation writing;
    const auto size = static_cast<DWORD>(std::min(bytes.size(), most_at_once));
    const BOOL begun = WriteFile(native(to), bytes.data(), size, nullptr, writing.get());
    if (const DWORD error = writing.wait(native(to), begun, never); error != ERROR_SUCCESS) {
      throw last_error("write to handle " + std::to_string(to), error);
    }
    bytes = bytes.subspan(writing.size());
  }
}

std::size_t write_pipe_now(NativeHandle to, std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return 0;
  }
  Backgrounds& known = backgrounds();
  const std::scoped_lock lock(known.mutex);
  Background& writing = background_of(known, to);
  if (writing.goes_on()) {
    return 0;
  }
  if (!writing.bytes.empty()) {
    check(writing);
  }
  const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), pipe_room));
  writing.bytes.assign(piece.begin(), piece.end());
  writing.overlapped = {};
  writing.overlapped.hEvent = native(writing.event->get());
  if (!WriteFile(native(to), writing.bytes.data(), static_cast<DWORD>(piece.size()), nullptr,
                 &writing.overlapped) &&
      GetLastError() != ERROR_IO_PENDING) {
    const DWORD error = GetLastError();
    writing.bytes.clear();
    writing.overlapped = {};
    throw last_error("write to handle " + std::to_string(to), error);
  }
  return piece.size();
}

std::shared_ptr<const Handle> busy_writing(NativeHandle to) noexcept {
  Backgrounds& known = backgrounds();
  const std::scoped_lock lock(known.mutex);
  const auto found = known.all.find(to);
  return found != known.all.end() && found->second->goes_on() ? found->second->event : nullptr;
}

bool close_after_writing(NativeHandle pipe) noexcept {
  std::unique_ptr<Background> writing = take_background(pipe);
  if (writing == nullptr || !writing->goes_on()) {
    return false;
  }
  const PTP_WAIT wait = CreateThreadpoolWait(&close_pipe, writing.get(), nullptr);
  if (wait == nullptr) {
    finish(native(pipe), writing->overlapped);
    return false;
  }
  SetThreadpoolWait(wait, native(writing.release()->event->get()), nullptr);
  return true;
}

}  // namespace multiprocess::detail::os
