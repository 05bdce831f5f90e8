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

/// The two ends of a channel that any number of processes may have both of: whoever comes first
/// receives. None where a channel is read by one process alone.
std::optional<std::pair<Handle, Handle>> make_common_channel();

/// False when there is no room, and where nothing can be sent at all.
bool send_message_now(NativeHandle channel, std::span<const std::byte> bytes,
                      std::span<const NativeHandle> handles) noexcept;

/// Nothing when there is none. Throws as receive_message().
std::optional<HandleMessage> receive_message_now(NativeHandle channel);

/// Writes all of the bytes to a stream between processes of this machine, the handles with the
/// first of them. Waits and throws as write_all does.
void write_with_handles(NativeHandle to, std::span<const std::byte> bytes,
                        std::span<const NativeHandle> handles);

/// What one read of such a stream brings.
struct StreamPiece {
  std::size_t size = 0;              ///< 0 at the end of the stream
  std::vector<Handle> handles = {};  ///< that were sent with these bytes
  bool lost_some = false;            ///< of the handles: this process can have no more
};

/// Waits for the first byte. Throws std::system_error.
StreamPiece read_with_handles(NativeHandle from, std::span<std::byte> into);

}  // namespace multiprocess::detail::os
