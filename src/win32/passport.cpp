// SPDX-License-Identifier: BSD-3-Clause
#include "passport.hpp"

#include "kinds.hpp"
#include "winsock.hpp"

#include <cstring>

namespace multiprocess::detail::os {

namespace {

enum class Sort : std::uint32_t { handle, socket };

struct Passport {
  Sort sort;
  std::uint32_t process;  // that has it
  std::uint64_t number;   // there; what the system says of a socket follows
};
static_assert(most_arrival_bytes(1) == sizeof(Passport) + sizeof(WSAPROTOCOL_INFOW));

template <class T>
void append(std::vector<std::byte>& to, const T& what) {
  const auto bytes = std::as_bytes(std::span(&what, 1));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <class T>
T take(std::span<const std::byte>& from) {
  T taken;
  if (from.size() < sizeof taken) {
    throw last_error("a message with handles", std::errc::bad_message);
  }
  std::memcpy(&taken, from.data(), sizeof taken);
  from = from.subspan(sizeof taken);
  return taken;
}

Handle open_process(DWORD process) {
  return owned(OpenProcess(PROCESS_DUP_HANDLE, FALSE, process));
}

/// Out of a process that got it for us.
Handle fetch(DWORD process, std::uint64_t number) {
  const Handle from = open_process(process);
  HANDLE fetched = nullptr;
  if (!from ||
      !DuplicateHandle(native(from.get()), reinterpret_cast<HANDLE>(number), GetCurrentProcess(),
                       &fetched, 0, FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE)) {
    return {};
  }
  return owned(fetched);
}

Handle take_handle(const Passport& passport) {
  return passport.process == GetCurrentProcessId()
             ? Handle(static_cast<NativeHandle>(passport.number))
             : fetch(passport.process, passport.number);
}

Handle take_socket(const Passport& passport, const WSAPROTOCOL_INFOW& exported) {
  if (passport.process != GetCurrentProcessId()) {
    return {};  // the system lets no other process have it
  }
  try {
    return import_socket(exported);
  } catch (const std::system_error&) {
    return {};
  }
}

}  // namespace

Departure::Departure(DWORD to_process, std::span<const NativeHandle> handles)
    : to_process_(to_process) {
  if (handles.empty()) {
    return;
  }
  process_ = open_process(to_process);
  if (!process_) {
    throw last_error("sending handles to process " + std::to_string(to_process));
  }
  for (const NativeHandle handle : handles) {
    add(handle);
  }
}

Departure::~Departure() {
  for (const HANDLE number : numbers_) {
    DuplicateHandle(native(process_.get()), number, nullptr, nullptr, 0, FALSE,
                    DUPLICATE_CLOSE_SOURCE);
  }
}

void Departure::add(NativeHandle handle) {
  require_open(handle);
  if (special_at(handle) != nullptr) {
    throw last_error(
        "sending handle " + std::to_string(handle) + ", which has a meaning in this process alone",
        std::errc::operation_not_supported);
  }
  if (is_socket(handle)) {
    append(bytes_, Passport{Sort::socket, to_process_, 0});
    append(bytes_, export_socket(handle, to_process_));
    return;
  }
  HANDLE there = nullptr;
  if (!DuplicateHandle(GetCurrentProcess(), native(handle), native(process_.get()), &there, 0,
                       FALSE, DUPLICATE_SAME_ACCESS)) {
    throw last_error("sending handle " + std::to_string(handle));
  }
  numbers_.push_back(there);
  append(bytes_, Passport{Sort::handle, to_process_, reinterpret_cast<std::uint64_t>(there)});
}

Arrival take_arrival(std::span<const std::byte> bytes, std::size_t count) {
  Arrival arrival;
  for (std::size_t i = 0; i < count; ++i) {
    const auto passport = take<Passport>(bytes);
    Handle arrived = passport.sort == Sort::socket
                         ? take_socket(passport, take<WSAPROTOCOL_INFOW>(bytes))
                         : take_handle(passport);
    if (arrived) {
      arrival.handles.push_back(std::move(arrived));
    } else {
      arrival.lost_some = true;
    }
  }
  return arrival;
}

}  // namespace multiprocess::detail::os
