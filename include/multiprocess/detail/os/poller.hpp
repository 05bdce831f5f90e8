// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace multiprocess::detail::os {

/// A set of handles that are waited for together, again and again: a wait costs what is ready, not
/// what is in the set. Members may be called by several threads at once. After a fork parent and
/// child have the same set: one of the two has to make its own.
class Poller {
 public:
  enum class Interest : std::uint32_t { nothing = 0, read = 1, write = 2, both = 3 };

  struct Event {
    std::uint64_t tag;  ///< what the handle was added with
    bool readable;      ///< or at its end
    bool writable;      ///< or without a reader
  };

  /// Throws std::system_error.
  Poller();

  /// The handle is in the set until it is removed; remove it before it is closed. Throws
  /// std::system_error (file_exists when it is there already).
  void add(NativeHandle handle, std::uint64_t tag, Interest interest = Interest::read);
  /// Throws std::system_error (no_such_file_or_directory when it is not there).
  void change(NativeHandle handle, std::uint64_t tag, Interest interest);
  void remove(NativeHandle handle) noexcept;
  /// Nothing else may be called any more.
  void close() noexcept { set_.reset(); }

  /// Those that are ready, at most as many as `into` takes, the rest next time; none when the
  /// deadline passed first. Resumes after signals. Throws std::system_error.
  std::span<Event> wait(std::span<Event> into, Deadline deadline) const;

  /// Readable while a wait would return at once: the set can be in another set.
  NativeHandle handle() const noexcept { return set_.get(); }

 private:
  Handle set_;
};

}  // namespace multiprocess::detail::os
