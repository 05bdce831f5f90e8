// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// The one shared mapping of a process tree. It begins with fixed areas, each of which belongs to
/// one mechanism; pages of 64 KiB for the heap follow.
struct ArenaHeader {
  static constexpr std::uint64_t right_magic = 0x31616e657261706d;  // "mparena1"
  std::uint64_t magic;
  std::uint64_t id;          // random: tells the arenas of two trees apart
  std::uint64_t size;        // bytes of the reservation
  std::uint64_t first_page;  // offset of the heap's first page
  std::uint32_t page_count;
};

inline constexpr std::size_t arena_page = std::size_t{64} << 10;

/// Where the fixed areas begin.
namespace area {
inline constexpr Offset journal = 4096;
inline constexpr Offset keeper = Offset{28} << 10;
inline constexpr Offset heap = Offset{32} << 10;
inline constexpr Offset participants = Offset{64} << 10;
inline constexpr Offset repair = participants + 192;     // lock of who clears the dead away
inline constexpr Offset magazines = Offset{1152} << 10;  // one for each participant
inline constexpr Offset sleepers = Offset{2} << 20;
inline constexpr Offset pages = Offset{4} << 20;  // one PageInfo for each page of the heap
}  // namespace area

/// Null until the first use in this process; use `arena_base()`. Not inline: the inline variables
/// of two plugins, each with this library inside, would be one.
extern constinit std::atomic<std::byte*> arena_data;

/// Finds the arena that this process inherited, or creates one. Throws std::system_error, or
/// RuntimeError when another copy of the library in this process already has one.
std::byte* open_arena();

/// Takes the arena that an ancestor handed to this new program. Before any other use.
void attach_arena(os::Handle memory);

inline std::byte* arena_base() {
  std::byte* const data = arena_data.load(std::memory_order_acquire);
  return data != nullptr ? data : open_arena();
}

inline const ArenaHeader& arena_header() {
  return *reinterpret_cast<const ArenaHeader*>(arena_base());
}

/// The object at an offset; the caller has checked that it is one.
template <class T>
T* at(Offset offset) {
  return reinterpret_cast<T*>(arena_base() + offset);
}

inline Offset offset_of(const void* address) {
  return static_cast<Offset>(static_cast<const std::byte*>(address) - arena_base());
}

/// For handing the arena to a new program. Throws std::system_error when the program closed it.
os::NativeHandle arena_descriptor();

/// Makes bytes of the arena usable; std::bad_alloc when memory is short, never a fault later.
void commit_arena(Offset offset, std::size_t size);

/// Gives the memory behind bytes of the arena back to the system; they read as zero afterwards.
void discard_arena(Offset offset, std::size_t size) noexcept;

}  // namespace multiprocess::detail
