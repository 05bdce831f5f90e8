// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>
#include <cstdint>

namespace multiprocess::detail::os {

/// Anonymous memory that a tree of processes shares: a reservation of addresses, committed piece by
/// piece. Never unmapped: a robust word in it may be in use until the process ends.
class SharedMapping {
 public:
  /// A new one; less than `reservation` where a limit on addresses refuses it, but at least
  /// `smallest`. Throws std::system_error.
  static SharedMapping create(std::size_t reservation, std::size_t smallest);

  /// The one that an ancestor made. Throws std::system_error.
  static SharedMapping attach(Handle memory);

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

  /// For handing the memory to a new program. Throws std::system_error when somebody closed it.
  NativeHandle handle() const;

  /// Makes these bytes usable now, so that no later access can fail. Shortage is a std::bad_alloc.
  void commit(std::size_t offset, std::size_t size);

  /// Gives the memory behind these bytes back to the system; they read as zero afterwards.
  void discard(std::size_t offset, std::size_t size) noexcept;

 private:
  SharedMapping(Handle memory, std::byte* data, std::size_t size, std::uint64_t inode) noexcept
      : memory_(std::move(memory)), data_(data), size_(size), inode_(inode) {}

  Handle memory_;
  std::byte* data_;
  std::size_t size_;
  std::uint64_t inode_;  // tells whether the descriptor is still ours
};

/// Throws std::system_error (not_enough_memory) when so much shared memory would bring the machine,
/// or the group of processes that this one is in, to where the system starts killing.
void refuse_shortage(std::size_t size);

/// From this size on new memory is better made of large pages: each small one costs a fault.
inline constexpr std::size_t worth_huge_pages = std::size_t{4} << 20;

/// Asks for large pages where the bytes at `data` are touched for the first time.
void prefer_huge_pages(void* data, std::size_t size) noexcept;

/// True when this process already maps an arena: a second copy of the library is loaded.
bool another_arena_is_mapped();

/// A word that reads as null in a forked child until it is written there, whoever forked and how.
/// One per process, for its whole life.
void** fork_wiped_word();

}  // namespace multiprocess::detail::os
