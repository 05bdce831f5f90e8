// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_state.hpp>

#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/hands.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>

#include <algorithm>
#include <vector>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t segment_tag = owner::tag_mask;
static_assert(Hands::tag < segment_tag);

/// All segments of the chain that begins at `first` and are still the queue's.
void collect(const QueueState& state, Offset first, std::vector<Offset>& found) {
  while (first != 0 && owner_of_former(first) == owner_of_segment(state)) {
    found.push_back(first);
    first = at<Segment>(first)->next.load(std::memory_order_acquire);
  }
}

void drop_items(const QueueState& state, const std::vector<Offset>& segments) noexcept {
  // One more at both ends: it may be put and not counted, or taken and its block still the queue's.
  const std::uint64_t end = state.tail.load(std::memory_order_acquire) + 1;
  const std::uint64_t head = state.head.load(std::memory_order_acquire);
  std::uint64_t position = head == 0 ? 0 : head - 1;
  for (const Offset offset : segments) {
    auto* const segment = at<Segment>(offset);
    position = std::max(position, segment->base);
    for (; position < std::min(end, segment->base + state.slots); ++position) {
      drop_item(state, segment->slot(position, state.slot_size), position);
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
  std::vector<Offset> segments;
  const Offset first = state.head_segment.load(std::memory_order_acquire);
  collect(state, first != 0 ? first : state.tail_segment.load(std::memory_order_acquire), segments);
  drop_items(state, segments);
  std::vector<Offset> spares;
  collect(state, state.spare.load(std::memory_order_acquire), spares);
  // From the far end: should this be cut short, the chain still leads to what is left.
  for (auto* chain : {&segments, &spares}) {
    while (!chain->empty()) {
      reclaim(chain->back());
      chain->pop_back();
    }
  }
}

}  // namespace multiprocess::detail
