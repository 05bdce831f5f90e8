// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/slabs.hpp>

#include <algorithm>

namespace multiprocess::detail {

namespace {

/// Start of a slab.
struct SlabHeader {
  std::atomic<std::uint64_t> free;  // count << 32 | index + 1 of the first free block
  std::atomic<std::uint64_t>
      links;  // neighbours in the list of slabs: next page + 1 << 32 | previous
};

struct Shape {
  std::uint32_t blocks;
  std::uint32_t data;  // where the blocks begin
};

constexpr Shape shape_of(std::size_t size_class) {
  const std::size_t bytes = arena_page << slab_order(size_class);
  std::size_t blocks = (bytes - sizeof(SlabHeader)) / (class_size(size_class) + 8);
  while ((sizeof(SlabHeader) + 8 * blocks + 63) / 64 * 64 + blocks * class_size(size_class) >
         bytes) {
    --blocks;
  }
  return {static_cast<std::uint32_t>(blocks),
          static_cast<std::uint32_t>((sizeof(SlabHeader) + 8 * blocks + 63) / 64 * 64)};
}

constexpr auto shapes = [] {
  std::array<Shape, heap_classes> all{};
  for (std::size_t size_class = 0; size_class < heap_classes; ++size_class) {
    all[size_class] = shape_of(size_class);
  }
  return all;
}();

SlabHeader& header(std::uint32_t page) {
  return *at<SlabHeader>(page_offset(page));
}

std::atomic<std::uint64_t>& word(std::uint32_t page, std::uint32_t index) {
  return at<std::atomic<std::uint64_t>>(page_offset(page) + sizeof(SlabHeader))[index];
}

Offset block_at(std::uint32_t page, std::size_t size_class, std::uint32_t index) {
  return page_offset(page) + shapes[size_class].data +
         std::uint64_t{index} * class_size(size_class);
}

struct SlabPlace {
  std::uint32_t page;
  std::uint32_t index;
};

SlabPlace place_of(Offset block, std::uint64_t mark) {
  const std::uint32_t page = page_of(block) - slab_back(mark);
  const std::size_t size_class = slab_class(mark);
  const std::uint64_t inside = block - page_offset(page) - shapes[size_class].data;
  return {page, static_cast<std::uint32_t>(inside / class_size(size_class))};
}

std::uint64_t load(const std::atomic<std::uint64_t>& from) {
  return from.load(std::memory_order_relaxed);
}

void set_links(Transaction& change, std::uint32_t page, std::uint64_t next,
               std::uint64_t previous) {
  change.write(header(page).links, next << 32 | previous);
}

std::uint64_t next_of(std::uint32_t page) {
  return load(header(page).links) >> 32;
}
std::uint64_t previous_of(std::uint32_t page) {
  return load(header(page).links) & 0xffffffff;
}

void list(Transaction& change, std::uint32_t page, std::size_t size_class) {
  auto& head = heap_state().slabs[size_class];
  const std::uint64_t first = load(head);
  set_links(change, page, first, 0);
  if (first != 0) {
    const auto second = static_cast<std::uint32_t>(first - 1);
    set_links(change, second, next_of(second), page + 1);
  }
  change.write(head, page + 1);
}

void unlist(Transaction& change, std::uint32_t page, std::size_t size_class) {
  const std::uint64_t next = next_of(page);
  const std::uint64_t previous = previous_of(page);
  if (next != 0) {
    const auto after = static_cast<std::uint32_t>(next - 1);
    set_links(change, after, next_of(after), previous);
  }
  if (previous != 0) {
    const auto before = static_cast<std::uint32_t>(previous - 1);
    set_links(change, before, next, previous_of(before));
  } else {
    change.write(heap_state().slabs[size_class], next);
  }
}

void dissolve(Transaction& change, std::uint32_t page, std::size_t size_class,
              std::uint64_t owner) {
  unlist(change, page, size_class);
  for (std::uint32_t back = 0; back < (1u << slab_order(size_class)); ++back) {
    change.write(page_info(page + back).owner, back == 0 ? owner : 0);
  }
}

}  // namespace

std::size_t class_for(std::size_t size) noexcept {
  return static_cast<std::size_t>(std::lower_bound(class_sizes.begin(), class_sizes.end(), size) -
                                  class_sizes.begin());
}

std::atomic<std::uint64_t>& slab_owner_word(Offset block, std::uint64_t mark) {
  const SlabPlace place = place_of(block, mark);
  return word(place.page, place.index);
}

bool is_slab_block(Offset block, std::uint64_t mark) noexcept {
  const std::size_t size_class = slab_class(mark);
  const Offset first = page_offset(page_of(block) - slab_back(mark)) + shapes[size_class].data;
  return block >= first && (block - first) % class_size(size_class) == 0 &&
         (block - first) / class_size(size_class) < shapes[size_class].blocks;
}

void format_slab(std::uint32_t page, std::size_t size_class) {
  const std::uint32_t blocks = shapes[size_class].blocks;
  for (std::uint32_t index = 0; index < blocks; ++index) {
    // A free block's owner word is the index + 1 of the next free one.
    word(page, index).store(index + 1 == blocks ? 0 : index + 2, std::memory_order_relaxed);
  }
  header(page).links.store(0, std::memory_order_relaxed);
  header(page).free.store(std::uint64_t{blocks} << 32 | 1, std::memory_order_release);
}

void publish_slab(Transaction& change, std::uint32_t page, std::size_t size_class) {
  for (std::uint32_t back = 0; back < (1u << slab_order(size_class)); ++back) {
    change.write(page_info(page + back).owner, slab_mark(size_class, back));
  }
  list(change, page, size_class);
}

Offset take_block(Transaction& change, std::size_t size_class, std::uint64_t owner) {
  const std::uint64_t head = load(heap_state().slabs[size_class]);
  if (head == 0) {
    return 0;
  }
  const auto page = static_cast<std::uint32_t>(head - 1);
  const std::uint64_t free = load(header(page).free);
  const auto index = static_cast<std::uint32_t>(free - 1);
  const std::uint64_t left = (free >> 32) - 1;
  change.write(header(page).free, left << 32 | load(word(page, index)));
  change.write(word(page, index), owner);
  if (left == 0) {
    unlist(change, page, size_class);
  }
  return block_at(page, size_class, index);
}

std::uint32_t put_block(Transaction& change, Offset block, std::uint64_t owner) {
  const std::uint64_t mark = load(page_info(page_of(block)).owner);
  const std::size_t size_class = slab_class(mark);
  const SlabPlace place = place_of(block, mark);
  const std::uint64_t free = load(header(place.page).free);
  const std::uint64_t count = (free >> 32) + 1;
  change.write(word(place.page, place.index), free & 0xffffffff);
  change.write(header(place.page).free, count << 32 | (place.index + 1));
  if (count == 1) {
    list(change, place.page, size_class);
  } else if (count == shapes[size_class].blocks &&
             (next_of(place.page) != 0 || previous_of(place.page) != 0)) {
    dissolve(change, place.page, size_class, owner);
    return place.page;
  }
  return no_page;
}

std::uint32_t take_empty_slab(Transaction& change, std::size_t size_class, std::uint64_t owner) {
  std::uint64_t next = load(heap_state().slabs[size_class]);
  while (next != 0) {
    const auto page = static_cast<std::uint32_t>(next - 1);
    if (load(header(page).free) >> 32 == shapes[size_class].blocks) {
      dissolve(change, page, size_class, owner);
      return page;
    }
    next = next_of(page);
  }
  return no_page;
}

void find_in_slab(std::uint32_t page, std::uint64_t mark,
                  bool (*wanted)(std::uint64_t, const void*), const void* context,
                  std::vector<Offset>& found) {
  if (slab_back(mark) != 0) {
    return;
  }
  const std::size_t size_class = slab_class(mark);
  for (std::uint32_t index = 0; index < shapes[size_class].blocks; ++index) {
    const std::uint64_t owner = word(page, index).load(std::memory_order_acquire);
    if (owner::kind(owner) != owner::Kind::free && wanted(owner, context)) {
      found.push_back(block_at(page, size_class, index));
    }
  }
}

}  // namespace multiprocess::detail
