// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace multiprocess::detail {

/// Start of a block that holds a message: its references stand between this and its bytes.
///
/// A large message is handed on before all of it is there: the receiver copies along, a piece
/// behind.
struct MessageHeader {
  static constexpr std::size_t piece = std::size_t{64} << 10;

  std::uint64_t size;
  std::uint64_t references;
  std::uint64_t sender;                          // Ticket of who writes it
  alignas(8) std::atomic<std::uint32_t> pieces;  // how many are written
  std::atomic<std::uint32_t> sleepers;           // who wait for more

  RefEntry* entries() noexcept { return reinterpret_cast<RefEntry*>(this + 1); }
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(entries() + references); }

  std::uint32_t all_pieces() const noexcept {
    return static_cast<std::uint32_t>((size + piece - 1) / piece);
  }
  bool complete() const noexcept { return pieces.load(std::memory_order_acquire) == all_pieces(); }
  /// How many of its bytes are written.
  std::size_t written() const noexcept;

  /// One more piece is written. True when somebody slept at that moment: both words change and are
  /// read in one step, since after the last piece the block may be somebody else's.
  bool add_piece() noexcept;
};

/// A message in the arena: bytes, and references to shared objects beside them. Freed, with its
/// references, when the process that owns it dies.
class Message {
 public:
  /// A block private to this process, its references taken, room for `size` bytes to be written.
  static Offset prepare(std::size_t size, std::span<const SharedRef> beside);

  /// Bytes of a message without references.
  static constexpr std::size_t size_with(std::size_t bytes) noexcept {
    return sizeof(MessageHeader) + bytes;
  }
  /// Writes one, all of it, into a part of somebody's block.
  static void put(Offset place, std::span<const std::byte> bytes) noexcept;

  /// A whole message, owned by `owner` (a child about to start) as soon as it is complete.
  static Offset pack(std::span<const std::byte> bytes, const Outgoing& beside, Ticket owner);

  /// Copies `from` into a prepared message, telling a receiver that waits after each piece.
  static void write(Offset block, const std::byte* from) noexcept;

  /// Waits until more than `seen` bytes are written. False at the deadline, or when the sender has
  /// died before it wrote them.
  static bool wait_for_more(Offset block, std::size_t seen, os::Deadline deadline);

  /// Waits until its sender has written all of it or has died.
  static void wait_until_written(Offset block);

  /// Drops a message whose block is private to this process.
  static void drop(Offset block) noexcept;

  /// Takes a message over: from now on this process owns it, and frees it at the end.
  explicit Message(Offset block) noexcept;
  ~Message() { drop(block_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_of(block_); }

  /// The references, taken into this process's account.
  std::vector<SharedRef> references() const { return references_of(block_); }

  /// How many of them are written.
  static std::size_t written(Offset block) noexcept;

  /// The same of a message that somebody else keeps meanwhile.
  static std::span<const std::byte> bytes_of(Offset block) noexcept;
  static std::vector<SharedRef> references_of(Offset block);

 private:
  Offset block_;
};

}  // namespace multiprocess::detail
