// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/process_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace multiprocess::detail {

/// One direction of a sealed connection. A frame is a counter (8 bytes, big-endian, from 0), the
/// message, and the first 16 bytes of an HMAC-SHA256 over counter, length and message.
class Seal {
 public:
  /// As it goes to another process of the tree: key and counter.
  static constexpr std::size_t packed_size = 40;

  explicit Seal(std::shared_ptr<const Secret> key) : key_(std::move(key)) {}
  explicit Seal(std::span<const std::byte, packed_size> packed);
  void pack(std::span<std::byte, packed_size> into) const noexcept;

  /// Writes the frame of the next message.
  void close(Bytes message, ByteBuffer& into);

  /// The message in the frame; none when it is not just what the other end sent next.
  std::optional<Bytes> open(Bytes frame);

 private:
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t counter_size = 8;
  static constexpr std::size_t mac_size = 16;

  std::array<std::byte, mac_size> mac(Bytes message) const;

  std::shared_ptr<const Secret> key_;
  std::uint64_t next_ = 0;
};

}  // namespace multiprocess::detail
