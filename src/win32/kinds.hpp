// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <memory>

namespace multiprocess::detail::os {

/// What a number stands for: the system has a function of its own for each.
enum class Kind { closed, pipe, socket, object, file, character };

Kind kind_of(NativeHandle handle) noexcept;

/// Whether it is a socket, also one that comes from elsewhere.
bool is_socket(NativeHandle handle) noexcept;

/// The system's sockets can be used from now on.
void start_sockets() noexcept;

class Readiness;

/// What this process knows of a number, beyond what the system does.
class Special {
 public:
  Special() = default;
  Special(const Special&) = delete;
  Special& operator=(const Special&) = delete;
  virtual ~Special() = default;

  /// Whether other things tell when it is ready; watches those then.
  virtual bool watch_parts(NativeHandle, Readiness&, std::size_t) { return false; }
};

void remember(NativeHandle handle, std::shared_ptr<Special> special);
void forget(NativeHandle handle) noexcept;
std::shared_ptr<Special> special_at(NativeHandle handle) noexcept;

template <class T>
std::shared_ptr<T> special_as(NativeHandle handle) noexcept {
  return std::dynamic_pointer_cast<T>(special_at(handle));
}

}  // namespace multiprocess::detail::os
