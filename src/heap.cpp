// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/heap.hpp>

#include <multiprocess/detail/magazines.hpp>
#include <multiprocess/detail/page_runs.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/slabs.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <array>
#include <new>

namespace multiprocess::detail {

namespace {

bool is_slab(std::uint64_t word) {
  return owner::kind(word) == owner::Kind::slab;
}

std::uint64_t mine() {
  return owner::private_to(self().ticket);
}

/// Gives the largest run that is kept warm back to the system; none of the order `spared`.
bool release_warm_run(std::uint32_t spared = run_orders) {
  std::uint32_t page = no_page;
  {
    Transaction change;
    for (std::uint32_t order = run_orders; order-- > 0 && page == no_page;) {
      if (order != spared && heap_state().warm[order].load(std::memory_order_relaxed) != 0) {
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

void free_run(std::uint32_t page) noexcept {
  // What is freed now is wanted again sooner than what has been kept for long.
  while (keeps_too_much(page) && may_be_kept(page) && release_warm_run(run_order(page))) {
  }
  const bool discard = keeps_too_much(page);
  if (discard) {
    // The count first: a run whose memory is gone must never be taken for a usable one.
    step::store(page_info(page).committed, 0);
    discard_arena(page_offset(page), arena_page << run_order(page));
  }
  Transaction change;
  put_run(change, page, discard);
}

/// Blocks go from a magazine to the slabs until it has no more than `left`.
void drain(HeldMagazines& held, std::size_t size_class, std::uint32_t left) noexcept {
  constexpr std::uint32_t most_at_once = 16;
  while (held.count(size_class) > left) {
    std::array<std::uint32_t, most_at_once> emptied;
    std::size_t count = 0;
    {
      Transaction change;
      held.move_out(change, size_class, std::min(held.count(size_class) - left, most_at_once),
                    [&](Offset block) {
                      emptied[count] = put_block(change, block, mine());
                      count += emptied[count] != no_page;
                    });
    }
    std::for_each_n(emptied.begin(), count, &free_run);
  }
}

bool is_empty(const Magazines& magazines) noexcept {
  return std::all_of(magazines.kept.begin(), magazines.kept.end(),
                     [](const auto& chain) { return chain.load(std::memory_order_relaxed) == 0; });
}

void drain_all(Magazines& magazines, os::Deadline deadline) noexcept {
  if (is_empty(magazines)) {
    return;
  }
  HeldMagazines held(magazines, deadline);
  for (std::size_t size_class = 0; held && size_class < heap_classes; ++size_class) {
    drain(held, size_class, 0);
  }
}

void free_empty_slab(std::size_t size_class) noexcept {
  std::uint32_t page = no_page;
  {
    Transaction change;
    page = take_empty_slab(change, size_class, mine());
  }
  if (page != no_page) {
    free_run(page);
  }
}

/// One block that somebody keeps is enough to keep a slab, and a slab keeps runs apart.
void collect_what_is_kept() noexcept {
  // Should somebody be stopped just when it changes its magazines, they stay as they are.
  constexpr std::chrono::milliseconds patience{10};
  const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    drain_all(magazines_of(slot), std::chrono::steady_clock::now() + patience);
  }
  for (std::size_t size_class = 0; size_class < heap_classes; ++size_class) {
    free_empty_slab(size_class);
  }
}

/// Also of what is kept warm; no_page when that does not help.
std::uint32_t find_run(std::uint32_t order) {
  do {
    try {
      Transaction change;
      return take_run(change, order, mine());
    } catch (const std::bad_alloc&) {
    }
  } while (release_warm_run());
  return no_page;
}

/// Before memory is called short, all that is kept for reuse anywhere is free memory again.
std::uint32_t take_private_run(std::uint32_t order) {
  std::uint32_t page = find_run(order);
  if (page == no_page) {
    collect_what_is_kept();
    page = find_run(order);
  }
  if (page == no_page) {
    throw std::bad_alloc();
  }
  return page;
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

/// A new slab; one of its blocks is ours.
Offset make_slab(std::size_t size_class) {
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
  return take_block(change, size_class, mine());
}

void refill(HeldMagazines& held, std::size_t size_class) {
  constexpr std::size_t most_at_once = 16;
  const std::size_t wanted =
      std::clamp<std::size_t>(arena_page / class_size(size_class), 1, most_at_once);
  std::array<Offset, most_at_once> blocks;
  std::size_t count = 0;
  {
    Transaction change;
    while (count < wanted && (blocks[count] = take_block(change, size_class, mine())) != 0) {
      ++count;
    }
  }
  while (count != 0) {
    held.push(size_class, blocks[--count]);
  }
}

Magazines& own_magazines() {
  return magazines_of(self().ticket.slot);
}

/// 0 when no slab of the class has a free one.
Offset take_small(std::size_t size_class) {
  HeldMagazines held(own_magazines());
  if (held.count(size_class) == 0) {
    refill(held, size_class);
  }
  return held.pop(size_class);
}

Offset allocate_small(std::size_t size_class) {
  if (const Offset block = take_small(size_class); block != 0) {
    return block;
  }
  try {
    return make_slab(size_class);
  } catch (const std::bad_alloc&) {
    // Others may have kept one.
    if (const Offset block = take_small(size_class); block != 0) {
      return block;
    }
    throw;
  }
}

}  // namespace

Offset allocate(std::size_t size) {
  return size > largest_class_size ? allocate_run(size) : allocate_small(class_for(size));
}

void deallocate(Offset block) noexcept {
  const std::uint64_t mark = page_info(page_of(block)).owner.load(std::memory_order_relaxed);
  if (!is_slab(mark)) {
    free_run(page_of(block));
    return;
  }
  const std::size_t size_class = slab_class(mark);
  HeldMagazines held(own_magazines());
  if (held.count(size_class) == Magazines::most) {
    drain(held, size_class, Magazines::most / 2);
  }
  held.push(size_class, block);
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
  drain_all(own_magazines(), os::never);
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
