// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace multiprocess::detail {

using Bytes = std::span<const std::byte>;

/// Growing memory for an encoded message. New bytes are not cleared; `clear` keeps the memory.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept;
  ByteBuffer& operator=(ByteBuffer&& other) noexcept;
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  virtual ~ByteBuffer();

  std::byte* data() noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  Bytes bytes() const noexcept { return {data_, size_}; }
  void clear() noexcept { size_ = 0; }

  /// The first of `count` new bytes at the end; earlier pointers may be void afterwards.
  std::byte* extend(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]] {
      grow(count);
    }
    std::byte* const fresh = data_ + size_;
    size_ += count;
    return fresh;
  }

 protected:
  /// Makes room for `more` bytes behind the first `size_`. A buffer that lies elsewhere than on the
  /// heap (in the arena, say) has its own.
  virtual void grow(std::size_t more);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// The calling thread's spare buffer, or a new one while an outer message uses that: encoding into
/// it allocates nothing once it is warm.
class ScratchBuffer {
 public:
  ScratchBuffer();
  ~ScratchBuffer();
  ScratchBuffer(const ScratchBuffer&) = delete;
  ScratchBuffer& operator=(const ScratchBuffer&) = delete;

  ByteBuffer& operator*() noexcept { return buffer_; }
  ByteBuffer* operator->() noexcept { return &buffer_; }

 private:
  ByteBuffer buffer_;
};

/// A ValueError that says where in the message what was found.
[[noreturn]] void throw_damaged(std::size_t position, std::string_view what);
/// The message ends before the `wanted` bytes that should come next.
[[noreturn]] void throw_too_short(std::size_t position, std::size_t wanted, std::size_t remaining);
[[noreturn]] void throw_too_deep();

}  // namespace multiprocess::detail
