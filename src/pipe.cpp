// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pipe.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>

#include <climits>
#include <new>

namespace multiprocess::detail {

namespace {

// Room enough that neither side sleeps while the other one is just being woken.
constexpr std::uint64_t most_messages = 1024;
constexpr std::uint64_t most_bytes = std::uint64_t{4} << 20;
constexpr std::size_t segment_size = std::size_t{8} << 10;

void destroy(Offset object) noexcept {
  for (PipeState::Direction& each : at<PipeState>(object)->directions) {
    free_parts(each.queue);
  }
}

const bool known = register_destroy(ObjectType::pipe, &destroy);

}  // namespace

SharedRef PipeEnd::create() {
  const Offset block = allocate(sizeof(PipeState));
  auto* const state = new (at<PipeState>(block)) PipeState{};
  for (PipeState::Direction& each : state->directions) {
    ItemQueue::init(each.queue, sizeof(BlockItem), segment_size, most_messages, true);
    each.queue.most_bytes = most_bytes;
  }
  return publish_object(block, ObjectType::pipe);
}

Outcome PipeEnd::put(Bytes bytes, std::span<const SharedRef> beside) const {
  Outcome outcome = Outcome::ended;
  if (!out_bell_.getters_are_gone()) {
    outcome = put_bytes(out(), bytes, beside, os::never);
  }
  if (outcome == Outcome::ended) {
    out().discard_all();
  }
  return outcome;
}

Outcome PipeEnd::get(BlockItem& item, CopyAlong* along) const {
  return get_item(in(), item, along, os::never);
}

void PipeEnd::silence() const noexcept {
  in_bell_.silence([this]() noexcept { return has_items(); });
}

void PipeEnd::note_closing() const noexcept {
  in_bell_.note_closing();
  in_.queue.room.wake(INT_MAX);
}

}  // namespace multiprocess::detail
