// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {

/// The handles that one message may carry.
inline constexpr std::size_t most_handles_per_message = 253;

/// A message with handles that belong to the receiver.
struct HandleMessage {
  std::vector<std::byte> bytes;
  std::vector<Handle> handles;
};

/// The two ends of a channel for whole messages, not inherited by new programs. Any number of
/// processes may send at one end.
std::pair<Handle, Handle> make_channel();

/// Waits until there is room. Throws std::system_error (broken_pipe when the other end is closed,
/// never a signal).
void send_message(NativeHandle channel, std::span<const std::byte> bytes,
                  std::span<const NativeHandle> handles = {});

/// Waits for the next message; nothing when every copy of the other end is closed.
std::optional<HandleMessage> receive_message(NativeHandle channel);

}  // namespace multiprocess::detail::os
