// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_state.hpp>

#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/hands.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>

#include <algorithm>
#include <array>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t segment_tag = owner::tag_mask;
static_assert(Hands::tag < segment_tag);

/// 0 where the chain has left the queue, or has ended.
Offset ours(const QueueState& state, Offset segment) noexcept {
  return segment != 0 && owner_of_former(segment) == owner_of_segment(state) ? segment : 0;
}

Offset after(const QueueState& state, Offset segment) noexcept {
  return ours(state, at<Segment>(segment)->next.load(std::memory_order_acquire));
}

void drop_items(const QueueState& state, Offset first) noexcept {
  // One more at both ends: it may be put and not counted, or taken and its block still the queue's.
  const std::uint64_t end = state.tail.load(std::memory_order_acquire) + 1;
  const std::uint64_t head = state.head.load(std::memory_order_acquire);
  std::uint64_t position = head == 0 ? 0 : head - 1;
  for (Offset offset = first; offset != 0; offset = after(state, offset)) {
    auto* const segment = at<Segment>(offset);
    position = std::max(position, segment->base);
    for (; position < std::min(end, segment->base + state.slots); ++position) {
      drop_item(state, segment->slot(position, state.slot_size), position);
    }
  }
}

/// From the far end: should this be cut short, the chain still leads to what is left. It needs no
/// memory, so that it works where none is left, and therefore walks a long chain several times.
void free_chain(const QueueState& state, Offset first) noexcept {
  std::array<Offset, 1024> last;
  std::size_t count = last.size();
  while (count >= last.size()) {
    count = 0;
    for (Offset offset = ours(state, first); offset != 0; offset = after(state, offset)) {
      last[count++ % last.size()] = offset;
    }
    for (std::size_t left = std::min(count, last.size()); left != 0; --left) {
      reclaim(last[(count - std::min(count, last.size()) + left - 1) % last.size()]);
    }
  }
}

}  // namespace

std::uint64_t owner_of_segment(const QueueState& state) noexcept {
  return owner::part_of(offset_of(&state), segment_tag);
}

std::uint64_t owner_of_item(const QueueState& state, std::uint64_t position) noexcept {
  return owner::part_of(offset_of(&state), position % Hands::tag);
}

Offset block_in(const QueueState& state, Slot& slot, std::uint64_t position) noexcept {
  if (state.holds_blocks == 0) {
    return 0;
  }
  const Offset block = BlockItem::block_of(slot.payload());
  if (block == 0) {
    return 0;
  }
  const std::uint64_t word = owner_of_former(block);
  return (word & ~owner::message_flag) == owner_of_item(state, position) ? block : 0;
}

void drop_item(const QueueState& state, Slot& slot, std::uint64_t position) noexcept {
  if (const Offset block = block_in(state, slot, position); block != 0) {
    Message::drop(block);
  }
}

void free_parts(const QueueState& state) noexcept {
  const Offset head = state.head_segment.load(std::memory_order_acquire);
  const Offset first = head != 0 ? head : state.tail_segment.load(std::memory_order_acquire);
  drop_items(state, ours(state, first));
  free_chain(state, first);
  free_chain(state, state.spare.load(std::memory_order_acquire));
}

}  // namespace multiprocess::detail
