// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bytes.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace multiprocess::detail {
namespace {

constexpr std::size_t most_kept = std::size_t{1} << 20;

using Spare = PerThread<ByteBuffer>;

}  // namespace

ByteBuffer::ByteBuffer(ByteBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

ByteBuffer& ByteBuffer::operator=(ByteBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

ByteBuffer::~ByteBuffer() {
  std::free(data_);
}

void ByteBuffer::grow(std::size_t more) {
  const std::size_t wanted = std::max({size_ + more, 2 * capacity_, std::size_t{256}});
  void* const memory = std::realloc(data_, wanted);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(memory);
  capacity_ = wanted;
}

ScratchBuffer::ScratchBuffer() {
  if (ByteBuffer* const kept = Spare::get()) {
    buffer_ = std::move(*kept);
    buffer_.clear();
  }
}

ScratchBuffer::~ScratchBuffer() {
  ByteBuffer* const kept = Spare::get();
  if (kept != nullptr && buffer_.capacity() <= most_kept &&
      buffer_.capacity() >= kept->capacity()) {
    *kept = std::move(buffer_);
  }
}

void throw_damaged(std::size_t position, std::string_view what) {
  throw ValueError(fmt::format("the message is damaged at byte {}: {}", position, what));
}

void throw_too_short(std::size_t position, std::size_t wanted, std::size_t remaining) {
  throw ValueError(fmt::format("the message is damaged at byte {}: {} bytes should follow, {} do",
                               position, wanted, remaining));
}

void throw_too_deep() {
  throw ValueError(fmt::format(
      "the object is nested too deeply to be sent: more than {} containers, objects and "
      "pointers inside one another",
      most_nested));
}

}  // namespace multiprocess::detail
