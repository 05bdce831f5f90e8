// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace multiprocess::detail {

/// Messages on a byte stream, framed as Python frames them: four bytes of length, big-endian and
/// signed; or -1 and eight bytes of length; then the bytes.

/// Sends one message. Waits until the stream has taken it. Throws std::system_error (broken_pipe
/// when nobody is left who could read it, never a signal).
/// The handles, if any, go with its first bytes, to another process of this machine.
void send_frame(os::NativeHandle to, Bytes message, std::span<const os::NativeHandle> handles = {});

/// One message as it comes in: first its length, then its bytes. Who has begun with one reads it to
/// its end, or skips what is left, before the next.
class FrameReader {
 public:
  /// Waits for the next message. Throws EOFError when the stream ends before it, std::system_error
  /// when it ends inside (connection_aborted) or what comes is no frame (protocol_error).
  /// With `beside` also the handles that came with it, of a stream between processes of this
  /// machine.
  /// TimeoutError when not all that is read has come until the deadline.
  explicit FrameReader(os::NativeHandle from, os::StreamPiece* beside = nullptr,
                       os::Deadline deadline = os::never);

  std::uint64_t remaining() const noexcept { return remaining_; }

  /// Fills `into` with the next bytes; it is no larger than what remains.
  void read(std::span<std::byte> into);

  /// What remains. Memory grows with what has really come.
  std::vector<std::byte> read_rest();

  void skip_rest();

 private:
  os::NativeHandle from_;
  os::Deadline deadline_;
  std::uint64_t remaining_;
};

/// The messages of a stream for whoever does not wait for it: bytes go in as they come, whole
/// messages come out.
class FrameBuffer {
 public:
  /// Where the next bytes go; then say how many have come. Earlier messages are void.
  std::span<std::byte> room();
  void filled(std::size_t count) noexcept { end_ += count; }

  /// The next message, when all of it has come. Throws as FrameReader.
  std::optional<Bytes> next();

 private:
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = 0;  // at least so many bytes from begin_ are part of the next one
  std::vector<std::byte> bytes_;
};

/// What has come, or comes until the deadline; 0 at the end of the stream. For answers, which come
/// soon as a rule: to be woken takes longer.
std::optional<std::size_t> read_soon(os::NativeHandle socket, std::span<std::byte> into,
                                     os::Deadline deadline);

/// Adds a message as it stands on the stream.
void append_frame(std::vector<std::byte>& to, Bytes message);

}  // namespace multiprocess::detail
