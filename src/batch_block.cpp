// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/batch_block.hpp>

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

Batch& clear(Offset place, std::size_t size) {
  std::memset(at<std::byte>(place), 0, size);
  return *new (at<Batch>(place)) Batch{};
}

}  // namespace

MadeBatch make_batch(Board& board, const BatchShape& shape) {
  const std::uint64_t chunks = (shape.items + shape.chunk - 1) / shape.chunk;
  Areas areas(sizeof(Batch));
  const std::size_t states = areas.add(chunks, sizeof(std::uint32_t), 8);
  const std::uint64_t words = (shape.flags & Batch::word_each) != 0 ? shape.items : chunks;
  const std::size_t word_area = areas.add(words, sizeof(std::uint64_t), 8);
  const std::size_t messages = areas.add(shape.has_messages ? chunks : 0, sizeof(Offset), 8);
  const std::size_t trace = areas.add(shape.is_traced ? chunks : 0, sizeof(TracedChunk), 8);
  const std::size_t cleared = areas.end();
  const std::size_t in = areas.add(shape.items, shape.in_size, alignment_of(shape.in_size));
  const std::size_t out = areas.add(shape.items, shape.out_size, alignment_of(shape.out_size));
  const Offset block = allocate_part(board, areas.end());
  const auto place = [block](std::size_t area) { return area == 0 ? 0 : block + area; };
  Batch& batch = clear(block, cleared);
  batch.number = shape.number;
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
  return {block, areas.end()};
}

Offset make_rest(Board& board, const Batch& whole, std::uint64_t first, std::uint64_t last) {
  const std::size_t size = sizeof(Batch) + sizeof(std::uint64_t);
  const Offset place = allocate_part(board, size);
  Batch& rest = clear(place, size);
  rest.number = whole.number;
  rest.first = first;
  rest.last = last;
  rest.chunk = last - first;
  rest.chunks = 1;
  rest.states = place + sizeof(Batch);
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
