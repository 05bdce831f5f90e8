// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/page_runs.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace multiprocess::detail {

inline constexpr std::size_t heap_classes = 18;

/// Small blocks: a slab is a run of pages cut into blocks of one size class, their owner words in
/// front.
inline constexpr std::array<std::uint32_t, heap_classes> class_sizes{
    64,   128,  192,  256,  384,  512,   768,   1024,  1536,
    2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768};
inline constexpr std::size_t largest_class_size = class_sizes.back();

constexpr std::size_t class_size(std::size_t size_class) {
  return class_sizes[size_class];
}
std::size_t class_for(std::size_t size) noexcept;

/// Slabs of large blocks take four pages, so that little is lost at the end.
constexpr std::uint32_t slab_order(std::size_t size_class) {
  return class_size(size_class) <= 4096 ? 0 : 2;
}

/// The page's owner word of a slab: its class, and how many pages before this one it begins.
constexpr std::uint64_t slab_mark(std::size_t size_class, std::uint32_t back) {
  return owner::of_kind(owner::Kind::slab) | std::uint64_t{back} << 8 | size_class;
}
constexpr std::size_t slab_class(std::uint64_t mark) {
  return mark & 0xff;
}
constexpr std::uint32_t slab_back(std::uint64_t mark) {
  return static_cast<std::uint32_t>(mark >> 8) & 3;
}

std::atomic<std::uint64_t>& slab_owner_word(Offset block, std::uint64_t mark);

/// Whether a block of the slab begins there.
bool is_slab_block(Offset block, std::uint64_t mark) noexcept;

/// Fills the header of a run that is private to this process.
void format_slab(std::uint32_t page, std::size_t size_class);

/// The run becomes a slab that everybody may take blocks from.
void publish_slab(Transaction& change, std::uint32_t page, std::size_t size_class);

/// A free block whose owner word becomes `owner`; 0 when no slab of the class has one.
Offset take_block(Transaction& change, std::size_t size_class, std::uint64_t owner);

/// Puts a block back. A slab whose blocks are all free now, and that is not the only one of its
/// class, becomes a run that `owner` has to free: its page is returned, else no_page.
std::uint32_t put_block(Transaction& change, Offset block, std::uint64_t owner);

/// A slab whose blocks are all free, out of its list: a run that `owner` has to free. no_page when
/// there is none of the class.
std::uint32_t take_empty_slab(Transaction& change, std::size_t size_class, std::uint64_t owner);

void find_in_slab(std::uint32_t page, std::uint64_t mark,
                  bool (*wanted)(std::uint64_t, const void*), const void* context,
                  std::vector<Offset>& found);

}  // namespace multiprocess::detail
