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
struct MessageHeader {
  std::uint64_t size;
  std::uint64_t references;

  RefEntry* entries() noexcept { return reinterpret_cast<RefEntry*>(this + 1); }
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(entries() + references); }
};

/// A message in the arena: bytes, and references to shared objects beside them. Freed, with its
/// references, when the process that owns it dies.
class Message {
 public:
  /// A block private to this process, its references taken, room for `size` bytes to be filled in.
  static Offset prepare(std::size_t size, std::span<const SharedRef> beside);

  /// A whole message, owned by `owner` (a child about to start) as soon as it is complete.
  static Offset pack(std::span<const std::byte> bytes, const Outgoing& beside, Ticket owner);

  /// Drops a message whose block is private to this process.
  static void drop(Offset block) noexcept;

  /// Takes a message over: from now on this process owns it, and frees it at the end.
  explicit Message(Offset block) noexcept;
  ~Message() { drop(block_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  std::span<const std::byte> bytes() const noexcept;

  /// The references, taken into this process's account.
  std::vector<SharedRef> references() const;

 private:
  Offset block_;
};

}  // namespace multiprocess::detail
