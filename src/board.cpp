// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/board.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/self.hpp>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <new>

namespace multiprocess::detail {

namespace {

std::uint64_t owner_of_part(const Board& board, BoardPart part) noexcept {
  return owner::part_of(offset_of(&board), static_cast<std::uint64_t>(part));
}

bool is_part_of(std::uint64_t word, const void* context) {
  constexpr std::uint64_t what = ~(owner::message_flag | owner::tag_mask);
  return (word & what) == *static_cast<const std::uint64_t*>(context);
}

/// What was not cleared away by the process that made the pool, since that was killed.
void destroy(Offset object) noexcept {
  Board& board = *at<Board>(object);
  if (board.tidy.load(std::memory_order_acquire) != 0) {
    return;
  }
  const std::uint64_t parts = owner::part_of(object, 0);
  for (const Offset block : find_blocks(&is_part_of, &parts)) {
    if ((owner_word(block).load(std::memory_order_acquire) & owner::message_flag) != 0) {
      Message::drop(block);
    } else {
      reclaim(block);
    }
  }
}

[[maybe_unused]] const bool registered = register_destroy(ObjectType::pool, &destroy);

}  // namespace

SharedRef make_board(std::uint32_t places, std::uint32_t depth) {
  const std::size_t size = sizeof(Board) + places * sizeof(Place);
  const Offset block = allocate(size);
  std::memset(at<std::byte>(block), 0, size);
  auto& board = *new (at<Board>(block)) Board{};
  std::uninitialized_value_construct_n(&board.place(0), places);
  board.places = places;
  board.depth = depth;
  board.order.store(~std::uint64_t{0});  // raw: not seen yet
  return publish_object(block, ObjectType::pool);
}

void require_board(const SharedRef& received) {
  require_type(received, ObjectType::pool);
}

Offset allocate_part(Board& board, std::size_t size) {
  const Offset block = allocate(size);
  step::store(owner_word(block), owner_of_part(board, BoardPart::batch));
  return block;
}

void adopt_message(Board& board, Offset message) noexcept {
  step::store(owner_word(message), owner_of_part(board, BoardPart::message) | owner::message_flag);
}

std::uint64_t owner_of_result(const Board& board, std::uint64_t number,
                              std::uint64_t item) noexcept {
  return owner::part_of(offset_of(&board), result::tag(number, item));
}

bool is_result(Offset block, const Board& board, std::uint64_t number,
               std::uint64_t item) noexcept {
  return (owner_of_former(block) & ~owner::message_flag) == owner_of_result(board, number, item);
}

bool is_to_stop(const Place& place) noexcept {
  const std::uint64_t wanted = place.stop_for.load(std::memory_order_seq_cst);
  const Offset batch = place.batch.load(std::memory_order_seq_cst);
  const std::uint64_t item = place.item.load(std::memory_order_seq_cst);
  return batch != 0 && item != 0 && wanted == stop_word(at<Batch>(batch)->number, item - 1);
}

void request_stop(Place& place, std::uint64_t number, std::uint64_t item) noexcept {
  step::store(place.stop_for, stop_word(number, item), std::memory_order_seq_cst);
  step::add(place.stop.word, 1);
  place.stop.wake(1);
}

void call_workers(Board& board, std::uint64_t count) noexcept {
  board.work.wake(static_cast<int>(std::min<std::uint64_t>(count, INT_MAX)));
}

void complete(Board& board, Batch& batch) noexcept {
  const bool attended = (batch.flags.load(std::memory_order_seq_cst) & Batch::attended) != 0;
  const std::uint64_t turn =
      attended ? completed_first + step::add(board.heard_of, 1) : completed_unattended;
  if (step::exchange(batch.complete, turn) != 0) {
    return;
  }
  if (batch.waited.load(std::memory_order_seq_cst) != 0) {
    board.done.wake(INT_MAX);
  }
  if ((batch.flags.load(std::memory_order_seq_cst) & Batch::attended) != 0) {
    call_attention(board);
  }
}

void call_attention(Board& board) noexcept {
  step::add(board.attended, 1);
  board.attention.wake(1);
}

}  // namespace multiprocess::detail
