// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/heap.hpp>

#include <multiprocess/detail/page_runs.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/slabs.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <mutex>
#include <new>

namespace multiprocess::detail {

namespace {

bool is_slab(std::uint64_t word) {
  return owner::kind(word) == owner::Kind::slab;
}

std::uint64_t mine() {
  return owner::private_to(self().ticket);
}

/// Gives all that is kept warm back to the system: the last resort before bad_alloc.
bool release_warm_run() {
  std::uint32_t page = no_page;
  {
    Transaction change;
    for (std::uint32_t order = run_orders; order-- > 0 && page == no_page;) {
      if (heap_state().warm[order].load(std::memory_order_relaxed) != 0) {
        page = take_run(change, order, mine());
      }
    }
  }
  if (page == no_page) {
    return false;
  }
  step::store(page_info(page).committed, 0);
  discard_arena(page_offset(page), arena_page << run_order(page));
  Transaction change;
  put_run(change, page, true);
  return true;
}

std::uint32_t take_private_run(std::uint32_t order) {
  while (true) {
    try {
      Transaction change;
      return take_run(change, order, mine());
    } catch (const std::bad_alloc&) {
      if (!release_warm_run()) {
        throw;
      }
    }
  }
}

void free_run(std::uint32_t page) noexcept {
  const bool discard = keeps_too_much(page);
  if (discard) {
    // The count first: a run whose memory is gone must never be taken for a usable one.
    step::store(page_info(page).committed, 0);
    discard_arena(page_offset(page), arena_page << run_order(page));
  }
  Transaction change;
  put_run(change, page, discard);
}

Offset allocate_run(std::size_t size) {
  const std::uint32_t page = take_private_run(order_for(size));
  if (page_info(page).committed.load(std::memory_order_relaxed) < size) {
    try {
      commit_arena(page_offset(page), size);
    } catch (...) {
      free_run(page);
      throw;
    }
    step::store(page_info(page).committed, size);
  }
  return page_offset(page);
}

void make_slab(std::size_t size_class) {
  const std::uint32_t page = take_private_run(slab_order(size_class));
  const std::size_t bytes = arena_page << slab_order(size_class);
  try {
    commit_arena(page_offset(page), bytes);
  } catch (...) {
    free_run(page);
    throw;
  }
  step::store(page_info(page).committed, bytes);
  format_slab(page, size_class);
  Transaction change;
  publish_slab(change, page, size_class);
}

void refill(Magazine& magazine, std::size_t size_class) {
  const std::size_t wanted = std::clamp<std::size_t>(arena_page / class_size(size_class), 1, 16);
  while (magazine.count == 0) {
    {
      Transaction change;
      while (magazine.count < wanted) {
        const Offset block = take_block(change, size_class, mine());
        if (block == 0) {
          break;
        }
        magazine.blocks[magazine.count++] = block;
      }
    }
    if (magazine.count == 0) {
      make_slab(size_class);
    }
  }
}

void drain(Magazine& magazine, std::size_t keep) noexcept {
  while (magazine.count > keep) {
    std::array<std::uint32_t, 16> emptied;
    std::size_t count = 0;
    {
      Transaction change;
      for (std::size_t i = 0; i < emptied.size() && magazine.count > keep; ++i) {
        emptied[count] = put_block(change, magazine.blocks[--magazine.count], mine());
        count += emptied[count] != no_page;
      }
    }
    std::for_each_n(emptied.begin(), count, &free_run);
  }
}

}  // namespace

Offset allocate(std::size_t size) {
  if (size > largest_class_size) {
    return allocate_run(size);
  }
  const std::size_t size_class = class_for(size);
  Self& me = self();
  const std::scoped_lock guard(me.heap_lock);
  Magazine& magazine = me.magazines[size_class];
  if (magazine.count == 0) {
    refill(magazine, size_class);
  }
  return magazine.blocks[--magazine.count];
}

void deallocate(Offset block) noexcept {
  const std::uint64_t mark = page_info(page_of(block)).owner.load(std::memory_order_relaxed);
  if (!is_slab(mark)) {
    free_run(page_of(block));
    return;
  }
  Self& me = self();
  const std::scoped_lock guard(me.heap_lock);
  Magazine& magazine = me.magazines[slab_class(mark)];
  if (magazine.count == Magazine::most) {
    drain(magazine, Magazine::most / 2);
  }
  magazine.blocks[magazine.count++] = block;
}

std::atomic<std::uint64_t>& owner_word(Offset block) {
  PageInfo& info = page_info(page_of(block));
  const std::uint64_t mark = info.owner.load(std::memory_order_relaxed);
  return is_slab(mark) ? slab_owner_word(block, mark) : info.owner;
}

std::uint64_t owner_of_former(Offset block) noexcept {
  const std::uint32_t page = page_of(block);
  const std::uint64_t mark = page_info(page).owner.load(std::memory_order_acquire);
  if (is_slab(mark)) {
    return is_slab_block(block, mark) ? slab_owner_word(block, mark).load() : 0;
  }
  return block == page_offset(page) ? mark : 0;
}

std::size_t block_size(Offset block) {
  const PageInfo& info = page_info(page_of(block));
  const std::uint64_t mark = info.owner.load(std::memory_order_relaxed);
  return is_slab(mark) ? class_size(slab_class(mark))
                       : info.committed.load(std::memory_order_relaxed);
}

std::vector<Offset> find_blocks(bool (*wanted)(std::uint64_t, const void*), const void* context) {
  std::vector<Offset> found;
  const auto end =
      static_cast<std::uint32_t>(heap_state().frontier.load(std::memory_order_acquire));
  for (std::uint32_t page = 0; page < end; ++page) {
    if (page_info(page).owner.load(std::memory_order_acquire) == 0) {
      continue;
    }
    Transaction keep_pages_as_they_are;
    const std::uint64_t mark = page_info(page).owner.load(std::memory_order_relaxed);
    if (is_slab(mark)) {
      find_in_slab(page, mark, wanted, context, found);
    } else if (mark != 0 && wanted(mark, context)) {
      found.push_back(page_offset(page));
    }
  }
  return found;
}

void reclaim(Offset block) noexcept {
  step::store(owner_word(block), mine());
  deallocate(block);
}

void return_magazines() noexcept {
  Self& me = self();
  const std::scoped_lock guard(me.heap_lock);
  for (Magazine& magazine : me.magazines) {
    drain(magazine, 0);
  }
}

HeapUse heap_use() {
  HeapUse use;
  const auto blocks = find_blocks(
      [](std::uint64_t word, const void* context) {
        auto& sums = *static_cast<HeapUse*>(const_cast<void*>(context));
        sums.private_blocks += owner::kind(word) == owner::Kind::private_block;
        sums.objects += owner::kind(word) == owner::Kind::object;
        sums.parts += owner::kind(word) == owner::Kind::part;
        return true;
      },
      &use);
  for (const Offset block : blocks) {
    use.bytes += block_size(block);
  }
  return use;
}

}  // namespace multiprocess::detail
