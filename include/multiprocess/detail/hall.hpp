// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/guest_handle.hpp>
#include <multiprocess/detail/handshake_state.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace multiprocess::detail {

/// Where the processes that accept at one socket leave the guests whose handshake they cannot end,
/// for whoever accepts next.
class Hall {
 public:
  struct Guest {
    HandshakeState handshake;
    os::Deadline deadline;
    os::Deadline heard;
  };

  /// Null where the system has no such thing. Throws std::system_error.
  static std::shared_ptr<Hall> make();
  Hall(os::Handle entrance, os::Handle exit) noexcept;

  /// Other processes have it, too: it was sent, or this process has forked since it was made.
  bool is_common() const noexcept;
  /// From now on.
  void share() noexcept { is_sent_.store(true, std::memory_order_relaxed); }

  /// Readable while somebody is in it.
  os::NativeHandle handle() const noexcept { return exit_.get(); }

  /// False when there is no room. The stream stays the caller's to close.
  bool leave(os::NativeHandle stream, const Guest& guest) const noexcept;
  /// Who has been in it for longest. Throws std::system_error.
  std::optional<std::pair<GuestHandle, Guest>> take() const;

  /// How it crosses to another process of the tree, beside `companion`. Throws as deposit() does.
  SharedRef pack(const SharedRef& companion) const;
  /// Null when there is none in it, or not any more; and the companion.
  static std::pair<std::shared_ptr<Hall>, SharedRef> unpack(const SharedRef& packed);

 private:
  os::Handle entrance_;
  os::Handle exit_;
  std::uint32_t forks_;  // so far
  std::atomic<bool> is_sent_{false};
};

}  // namespace multiprocess::detail
