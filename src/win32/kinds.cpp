// SPDX-License-Identifier: BSD-3-Clause
#include "kinds.hpp"

#include "pipe.hpp"

#include <mutex>
#include <unordered_map>

namespace multiprocess::detail::os {

namespace {

struct Specials {
  std::mutex mutex;
  std::unordered_map<NativeHandle, std::shared_ptr<Special>> all;
};

/// Never destroyed: handles are closed to the very end.
Specials& specials() noexcept {
  static Specials& only = *new Specials;
  return only;
}

Kind kind_of_file(NativeHandle handle) noexcept {
  switch (GetFileType(native(handle))) {
    case FILE_TYPE_PIPE:
      return is_socket(handle) ? Kind::socket : Kind::pipe;
    case FILE_TYPE_DISK:
      return Kind::file;
    case FILE_TYPE_CHAR:
      return Kind::character;
    default:
      return Kind::object;
  }
}

}  // namespace

void start_sockets() noexcept {
  static const int started = [] {
    WSADATA facts;
    return WSAStartup(MAKEWORD(2, 2), &facts);
  }();
  static_cast<void>(started);
}

bool is_socket(NativeHandle handle) noexcept {
  if (GetFileType(native(handle)) != FILE_TYPE_PIPE) {
    return false;
  }
  start_sockets();
  int type = 0;
  int size = sizeof type;
  return getsockopt(native_socket(handle), SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type),
                    &size) == 0;
}

Kind kind_of(NativeHandle handle) noexcept {
  if (handle == no_handle) {
    return Kind::closed;
  }
  switch (peek_pipe(handle).kind) {
    case PipePeek::closed:
      return Kind::closed;
    case PipePeek::pipe:
      return Kind::pipe;
    case PipePeek::object:
      return Kind::object;
    case PipePeek::unknown:
      break;
  }
  return kind_of_file(handle);
}

void remember(NativeHandle handle, std::shared_ptr<Special> special) {
  Specials& known = specials();
  const std::scoped_lock lock(known.mutex);
  known.all[handle].swap(special);
}

void forget(NativeHandle handle) noexcept {
  std::shared_ptr<Special> forgotten;  // it goes when the lock is free
  Specials& known = specials();
  const std::scoped_lock lock(known.mutex);
  if (const auto found = known.all.find(handle); found != known.all.end()) {
    forgotten = std::move(found->second);
    known.all.erase(found);
  }
}

std::shared_ptr<Special> special_at(NativeHandle handle) noexcept {
  Specials& known = specials();
  const std::scoped_lock lock(known.mutex);
  const auto found = known.all.find(handle);
  return found == known.all.end() ? nullptr : found->second;
}

}  // namespace multiprocess::detail::os
