// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace multiprocess::detail {

/// An item of any size: short ones lie in the slot, the others in a message of their own.
struct BlockItem {
  static constexpr std::size_t most_inside = 48;

  std::uint64_t word = 0;  // size << 2 | 1: inside; offset of the message's block | 2
  std::byte inside[most_inside];

  bool is_block() const noexcept { return (word & 2) != 0; }
  Offset block() const noexcept { return word & ~std::uint64_t{3}; }
  std::size_t size() const noexcept { return word >> 2; }
  /// Of a block: what ItemQueue::count_put said.
  std::uint64_t bytes_put() const noexcept {
    std::uint64_t sum = 0;
    std::memcpy(&sum, inside, sizeof(sum));
    return sum;
  }

  /// 0 when the item in a slot has none.
  static Offset block_of(const std::byte* payload) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, payload, sizeof(word));
    return (word & 2) != 0 ? word & ~std::uint64_t{3} : 0;
  }
};

/// Puts bytes, and the references beside them.
Outcome put_bytes(const ItemQueue& queue, Bytes bytes, std::span<const SharedRef> beside,
                  os::Deadline deadline);

/// Takes an item. A message whose sender died while writing it is passed over.
///
/// `along`, when not null, is called for each piece of a message that is still being written, under
/// the getters' lock: `along(context, piece, whole size)`, a first time with an empty piece. Then
/// `item.block()` has nothing more to give.
struct CopyAlong {
  void (*piece)(void* context, Bytes bytes, std::size_t whole);
  void* context;
  bool used = false;
};
Outcome get_item(const ItemQueue& queue, BlockItem& item, CopyAlong* along, os::Deadline deadline);

}  // namespace multiprocess::detail
