// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <functional>
#include <memory>

namespace multiprocess::detail {

/// A handle of this process alone: a forked child closes it at once, so that the other end of a
/// stream sees the end when this process closes it. There the object is empty.
class GuestHandle {
 public:
  GuestHandle() noexcept;
  /// What `open` returns, which must not wait: no fork comes in between. Throws what it throws.
  explicit GuestHandle(const std::function<os::Handle()>& open);
  ~GuestHandle();
  GuestHandle(GuestHandle&& other) noexcept;
  GuestHandle& operator=(GuestHandle&& other) noexcept;

  explicit operator bool() const noexcept { return get() != os::no_handle; }
  os::NativeHandle get() const noexcept;
  /// From now on it is the caller's, and of his forked children.
  os::Handle release() noexcept;

  struct Entry;

 private:
  std::unique_ptr<Entry> entry_;  // null when it was moved from
};

}  // namespace multiprocess::detail
