// SPDX-License-Identifier: BSD-3-Clause
#include "readiness.hpp"

#include "afd.hpp"
#include "crowd.hpp"
#include "kinds.hpp"
#include "pipe.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

namespace multiprocess::detail::os {

namespace {

constexpr auto was_cancelled = static_cast<NTSTATUS>(0xc0000120);
constexpr NTSTATUS goes_on = 0x103;
constexpr std::size_t most_objects = MAXIMUM_WAIT_OBJECTS - 1;

NTSTATUS status_of(const OVERLAPPED& overlapped) noexcept {
  return static_cast<NTSTATUS>(overlapped.Internal);
}

bool reads_overlapped(HANDLE pipe) noexcept {
  constexpr auto mode_information = static_cast<FILE_INFORMATION_CLASS>(16);
  constexpr ULONG synchronous = 0x30;  // FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT
  ULONG mode = 0;
  IO_STATUS_BLOCK block{};
  return NtQueryInformationFile(pipe, &block, &mode, sizeof mode, mode_information) < 0 ||
         (mode & synchronous) == 0;
}

}  // namespace

Readiness::~Readiness() {
  end();
}

void Readiness::watch(NativeHandle handle, Interest interest, std::size_t key) {
  if (const auto special = special_at(handle);
      special != nullptr && special->watch_parts(handle, *this, key)) {
    return;
  }
  switch (kind_of(handle)) {
    case Kind::pipe:
      if (wants(interest, Interest::read)) {
        pipes_.push_back({native(handle), key});
      }
      if (wants(interest, Interest::write)) {
        watch_write(handle, key);
      }
      return;
    case Kind::socket:
      sockets_.push_back({native_socket(handle), interest, key});
      return;
    case Kind::character:
      if (DWORD mode = 0; !GetConsoleMode(native(handle), &mode)) {
        break;
      }
      [[fallthrough]];
    case Kind::object:
      return watch_object(native(handle), {key, true, false});
    case Kind::closed:
    case Kind::file:
      break;
  }
  found_.push_back({key, wants(interest, Interest::read), wants(interest, Interest::write)});
}

void Readiness::watch_object(HANDLE object, Found found) {
  objects_.push_back({object, found});
}

void Readiness::watch_write(NativeHandle handle, std::size_t key) {
  if (auto event = busy_writing(handle)) {
    const HANDLE object = native(event->get());
    keep(std::move(event));
    watch_object(object, {key, false, true});
  } else {
    found_.push_back({key, false, true});
  }
}

std::span<const Readiness::Found> Readiness::wait(Deadline deadline) {
  event_ = event_of_this_thread();
  if (deadline == at_once || !found_.empty()) {
    look();
    note_objects();
    return found_;
  }
  begin();
  sleep(any_is_over() ? at_once : deadline);
  end();
  return found_;
}

void Readiness::look() {
  for (const Pipe& pipe : pipes_) {
    const PipePeek peek = peek_pipe(reinterpret_cast<NativeHandle>(pipe.handle));
    if (peek.is_gone || peek.available != 0 || peek.kind == PipePeek::closed) {
      found_.push_back({pipe.key, true, false});
    }
  }
  pipes_.clear();
  if (!sockets_.empty() && poll_sockets(0)) {
    finish(reinterpret_cast<HANDLE>(sockets_.front().socket), sockets_overlapped_);
    note_sockets();
  }
  sockets_.clear();
}

/// At many at a time: to look at one of them costs the system as much.
void Readiness::look_at(std::span<Object> objects) {
  while (!objects.empty()) {
    const auto some = objects.first(std::min<std::size_t>(objects.size(), MAXIMUM_WAIT_OBJECTS));
    std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> handles;
    std::transform(some.begin(), some.end(), handles.begin(),
                   [](const Object& each) { return each.handle; });
    const DWORD result =
        WaitForMultipleObjects(static_cast<DWORD>(some.size()), handles.data(), FALSE, 0);
    std::size_t seen = some.size();
    if (result == WAIT_FAILED && some.size() > 1) {  // one of them is closed
      seen = some.size() / 2;
      look_at(some.first(seen));
    } else if (result != WAIT_TIMEOUT) {
      seen = index_of(result) + 1;
      some[seen - 1].is_set = true;
    }
    objects = objects.subspan(seen);
  }
}

void Readiness::note_objects() {
  const auto rest = std::partition(objects_.begin(), objects_.end(),
                                   [](const Object& each) { return each.is_set; });
  look_at(std::span(rest, objects_.end()));
  for (const Object& object : objects_) {
    if (object.is_set) {
      found_.push_back(object.found);
    }
  }
  objects_.clear();
}

void Readiness::begin() {
  for (Pipe& pipe : pipes_) {
    if (!reads_overlapped(pipe.handle)) {
      throw last_error("waiting for a pipe that was not opened for overlapped operations",
                       std::errc::operation_not_supported);
    }
  }
  for (Pipe& pipe : pipes_) {
    pipe.overlapped.hEvent = event_;
    if (ReadFile(pipe.handle, request_.data(), 0, nullptr, &pipe.overlapped) ||
        GetLastError() != ERROR_IO_PENDING) {
      found_.push_back({pipe.key, true, false});
      pipe.handle = nullptr;
    }
  }
  if (!sockets_.empty()) {
    sockets_begun_ = poll_sockets(afd::for_ever);
  }
}

/// False when the system does not take the request: then some of them are closed.
bool Readiness::poll_sockets(LONGLONG patience) {
  std::vector<afd::Entry> entries;
  for (const Wanted& wanted : sockets_) {
    const auto [place, is_new] = place_.try_emplace(wanted.socket, entries.size());
    if (is_new) {
      entries.push_back({reinterpret_cast<HANDLE>(wanted.socket), 0, 0});
    }
    entries[place->second].events |= afd::events_of(wanted.interest);
  }
  const afd::Request head{{.QuadPart = patience}, static_cast<ULONG>(entries.size()), 0};
  request_.resize(sizeof head + entries.size() * sizeof entries.front());
  std::memcpy(request_.data(), &head, sizeof head);
  std::memcpy(request_.data() + sizeof head, entries.data(),
              entries.size() * sizeof entries.front());
  sockets_overlapped_ = {};
  sockets_overlapped_.hEvent = event_;
  sockets_overlapped_.Internal = goes_on;
  const auto size = static_cast<ULONG>(request_.size());
  const NTSTATUS status =
      NtDeviceIoControlFile(entries.front().socket, event_, nullptr, nullptr,
                            reinterpret_cast<IO_STATUS_BLOCK*>(&sockets_overlapped_), afd::poll,
                            request_.data(), size, request_.data(), size);
  if (status >= 0) {
    return true;
  }
  const std::size_t before = found_.size();
  for (const Wanted& wanted : sockets_) {
    if (!is_socket(static_cast<NativeHandle>(wanted.socket))) {
      found_.push_back({wanted.key, true, true});
    }
  }
  if (found_.size() == before) {
    throw last_error("waiting for sockets", RtlNtStatusToDosError(status));
  }
  return false;
}

void Readiness::note_sockets() {
  afd::Request head;
  std::memcpy(&head, request_.data(), sizeof head);
  std::unordered_map<SOCKET, ULONG> events;
  for (std::size_t i = 0; i < head.count; ++i) {
    afd::Entry entry;
    std::memcpy(&entry, request_.data() + sizeof head + i * sizeof entry, sizeof entry);
    events[reinterpret_cast<SOCKET>(entry.socket)] |= entry.events;
  }
  for (const Wanted& wanted : sockets_) {
    const ULONG came = events[wanted.socket];
    const bool over = (came & (afd::abort | afd::local_close | afd::connect_fail)) != 0;
    const bool readable = over || (wants(wanted.interest, Interest::read) &&
                                   (came & (afd::receive | afd::disconnect | afd::accept)) != 0);
    const bool writable =
        over || (wants(wanted.interest, Interest::write) && (came & afd::send) != 0);
    if (readable || writable) {
      found_.push_back({wanted.key, readable, writable});
    }
  }
}

bool Readiness::any_is_over() const noexcept {
  return !found_.empty() || (sockets_begun_ && is_over(sockets_overlapped_)) ||
         std::any_of(pipes_.begin(), pipes_.end(), [](const Pipe& pipe) {
           return pipe.handle != nullptr && is_over(pipe.overlapped);
         });
}

void Readiness::sleep(Deadline deadline) {
  const bool few = objects_.size() + alarms_.size() <= most_objects;
  if (few ? sleep_for_few(deadline) : sleep_for_many(deadline)) {
    note_objects();
  }
}

/// False when nothing happened.
bool Readiness::sleep_for_few(Deadline deadline) {
  std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> all{event_};
  DWORD count = 1;
  for (const Object& object : objects_) {
    all[count++] = object.handle;
  }
  for (const HANDLE alarm : alarms_) {
    all[count++] = alarm;
  }
  const DWORD result =
      WaitForMultipleObjects(count, all.data(), FALSE, milliseconds_until(deadline));
  const std::size_t first = index_of(result);
  if (first != 0 && first <= objects_.size()) {
    objects_[first - 1].is_set = true;
  }
  return result != WAIT_TIMEOUT;
}

bool Readiness::sleep_for_many(Deadline deadline) {
  std::vector<HANDLE> objects;
  std::transform(objects_.begin(), objects_.end(), std::back_inserter(objects),
                 [](const Object& each) { return each.handle; });
  objects.insert(objects.end(), alarms_.begin(), alarms_.end());
  Crowd crowd(std::move(objects));
  const std::array all{event_, crowd.woken()};
  const DWORD result = WaitForMultipleObjects(static_cast<DWORD>(all.size()), all.data(), FALSE,
                                              milliseconds_until(deadline));
  crowd.stop();
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    objects_[i].is_set = crowd.is_set(i);
  }
  return result != WAIT_TIMEOUT;
}

void Readiness::end() {
  for (Pipe& pipe : pipes_) {
    if (pipe.handle != nullptr && !is_over(pipe.overlapped)) {
      CancelIoEx(pipe.handle, &pipe.overlapped);  // all of them, before one is waited for
    }
  }
  for (Pipe& pipe : pipes_) {
    if (pipe.handle != nullptr && pipe.overlapped.hEvent != nullptr) {
      finish(pipe.handle, pipe.overlapped);
      if (status_of(pipe.overlapped) != was_cancelled) {
        found_.push_back({pipe.key, true, false});
      }
    }
  }
  pipes_.clear();
  if (std::exchange(sockets_begun_, false)) {
    finish(reinterpret_cast<HANDLE>(sockets_.front().socket), sockets_overlapped_);
    if (status_of(sockets_overlapped_) != was_cancelled) {
      note_sockets();
    }
  }
  kept_.clear();
}

bool wait_ready(NativeHandle handle, Poller::Interest interest, Deadline deadline) {
  while (true) {
    if (kind_of(handle) == Kind::closed) {
      throw last_error("waiting for handle " + std::to_string(handle),
                       std::errc::bad_file_descriptor);
    }
    Readiness one;
    one.watch(handle, interest, 0);
    if (!one.wait(deadline).empty()) {
      return true;
    }
    if (deadline != never && deadline <= std::chrono::steady_clock::now()) {
      return false;
    }
  }
}

}  // namespace multiprocess::detail::os
