// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/batch_block.hpp>

#include <multiprocess/detail/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

namespace multiprocess::detail {

namespace {

/// Areas of a block, one behind the other.
class Areas {
 public:
  explicit Areas(std::size_t begin) : end_(begin) {}

  std::size_t add(std::size_t count, std::size_t size, std::size_t alignment) {
    if (count == 0 || size == 0) {
      return 0;
    }
    if (count > (std::size_t{1} << 46) / size) {
      throw std::bad_alloc();
    }
    const std::size_t begin = (end_ + alignment - 1) & ~(alignment - 1);
    end_ = begin + count * size;
    return begin;
  }
  std::size_t end() const noexcept { return end_; }

 private:
  std::size_t end_;
};

std::size_t alignment_of(std::size_t item_size) noexcept {
  return item_size % 16 == 0 ? 64 : 8;
}

/// Behind the last word of a batch: what would only fill up its last line is used.
constexpr std::size_t areas_begin = offsetof(Batch, done_before) + sizeof(Batch::done_before);

/// A batch without work, with zeros behind it up to `size`.
Batch& clear(Offset place, std::size_t size) {
  Batch& batch = *new (at<Batch>(place)) Batch{};
  std::memset(at<std::byte>(place) + areas_begin, 0, size - areas_begin);
  return batch;
}

}  // namespace

MadeBatch make_batch(Board& board, const BatchShape& shape) {
  const std::uint64_t chunks = (shape.items + shape.chunk - 1) / shape.chunk;
  Areas areas(areas_begin);
  const std::size_t states = areas.add(chunks, sizeof(std::uint32_t), 8);
  const std::uint64_t words = (shape.flags & Batch::word_each) != 0 ? shape.items : chunks;
  const std::size_t word_area = areas.add(words, sizeof(std::uint64_t), 8);
  const std::size_t messages = areas.add(shape.has_messages ? chunks : 0, sizeof(Offset), 8);
  const std::size_t trace = areas.add(shape.is_traced ? chunks : 0, sizeof(TracedChunk), 8);
  const std::size_t cleared = areas.end();
  const std::size_t code =
      areas.add(shape.code_size != 0 ? 1 : 0, Message::size_with(shape.code_size), 8);
  const std::size_t in = areas.add(shape.items, shape.in_size, alignment_of(shape.in_size));
  const std::size_t out = areas.add(shape.items, shape.out_size, alignment_of(shape.out_size));
  const std::size_t size = std::max(areas.end(), sizeof(Batch));
  const Offset block = allocate_part(board, size);
  const auto place = [block](std::size_t area) { return area == 0 ? 0 : block + area; };
  Batch& batch = clear(block, cleared);
  batch.number = shape.number;
  batch.call = shape.call;
  batch.base = shape.base;
  batch.code = place(code);
  batch.last = shape.items;
  batch.chunk = batch.whole_chunk = shape.chunk;
  batch.chunks = chunks;
  batch.states = place(states);
  batch.plain_in = place(in);
  batch.messages = place(messages);
  batch.plain_out = place(out);
  batch.words = place(word_area);
  batch.trace = place(trace);
  batch.flags.store(shape.flags, std::memory_order_relaxed);
  return {block, size};
}

Offset make_rest(Board& board, const Batch& whole, std::uint64_t first, std::uint64_t last) {
  const Offset place = allocate_part(board, sizeof(Batch));
  Batch& rest = clear(place, sizeof(Batch));
  rest.number = whole.number;
  rest.call = whole.call;
  rest.base = whole.base;
  rest.first = first;
  rest.last = last;
  rest.chunk = last - first;
  rest.chunks = 1;
  rest.states = place + areas_begin;
  rest.whole_chunk = whole.whole_chunk;
  rest.code = whole.code;
  rest.plain_in = whole.plain_in;
  rest.messages = whole.messages;
  rest.plain_out = whole.plain_out;
  rest.words = whole.words;
  rest.flags = whole.flags.load() | Batch::attended;
  rest.waited = 1;
  return place;
}

}  // namespace multiprocess::detail
