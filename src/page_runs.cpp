// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/page_runs.hpp>

#include <multiprocess/error.hpp>

#include <algorithm>
#include <bit>
#include <new>

namespace multiprocess::detail {

static_assert(area::heap + sizeof(HeapState) <= area::participants);
static_assert(sizeof(PageInfo) == 24);

namespace {

enum class Run : std::uint64_t { inner, used, cold, warm };

/// Bytes that free runs may keep.
std::uint64_t most_warm() {
  return std::min(std::uint64_t{256} << 20, arena_header().size / 4);
}

/// link: state | order << 4 | next << 10 | previous << 35, neighbours as page + 1.
std::uint64_t link_word(Run state, std::uint32_t order, std::uint64_t next,
                        std::uint64_t previous) {
  return static_cast<std::uint64_t>(state) | std::uint64_t{order} << 4 | next << 10 |
         previous << 35;
}
std::uint64_t link(std::uint32_t page) {
  return page_info(page).link.load(std::memory_order_relaxed);
}
Run state_of(std::uint64_t link) {
  return static_cast<Run>(link & 15);
}
std::uint32_t order_of(std::uint64_t link) {
  return static_cast<std::uint32_t>(link >> 4 & 63);
}
std::uint64_t next_of(std::uint64_t link) {
  return link >> 10 & 0x1ffffff;
}
std::uint64_t previous_of(std::uint64_t link) {
  return link >> 35 & 0x1ffffff;
}

void relink(Transaction& change, std::uint64_t page_and_one, std::uint64_t next,
            std::uint64_t previous) {
  const auto page = static_cast<std::uint32_t>(page_and_one - 1);
  const std::uint64_t old = link(page);
  change.write(page_info(page).link, link_word(state_of(old), order_of(old), next, previous));
}

std::uint64_t kept_bytes(std::uint32_t page) {
  return page_info(page).committed.load(std::memory_order_relaxed);
}

using Heads = std::array<std::atomic<std::uint64_t>, run_orders>;

Heads& heads(Run state) {
  return state == Run::warm ? heap_state().warm : heap_state().cold;
}

void push(Transaction& change, Run state, std::uint32_t page, std::uint32_t order) {
  auto& head = heads(state)[order];
  const std::uint64_t first = head.load(std::memory_order_relaxed);
  change.write(page_info(page).link, link_word(state, order, first, 0));
  if (first != 0) {
    relink(change, first, next_of(link(static_cast<std::uint32_t>(first - 1))), page + 1);
  }
  change.write(head, page + 1);
}

/// Takes a free run off its list; its link says `used` afterwards.
void unlink(Transaction& change, std::uint32_t page) {
  const std::uint64_t old = link(page);
  const std::uint64_t next = next_of(old);
  const std::uint64_t previous = previous_of(old);
  if (previous == 0) {
    change.write(heads(state_of(old))[order_of(old)], next);
  } else {
    const auto before = static_cast<std::uint32_t>(previous - 1);
    relink(change, previous, next, previous_of(link(before)));
  }
  if (next != 0) {
    relink(change, next, next_of(link(static_cast<std::uint32_t>(next - 1))), previous);
  }
  change.write(page_info(page).link, link_word(Run::used, order_of(old), 0, 0));
}

/// The classic buddy system (Knowlton 1965): halves a larger run until it fits.
std::uint32_t split_down(Transaction& change, std::uint32_t page, std::uint32_t from,
                         std::uint32_t to) {
  while (from > to) {
    --from;
    push(change, Run::cold, page + (1u << from), from);
    change.write(page_info(page + (1u << from)).committed, 0);
  }
  change.write(page_info(page).link, link_word(Run::used, to, 0, 0));
  return page;
}

/// The reservation is no power of two: what follows its largest run is opened up piece by piece,
/// and last, so that the pages in use lie together at the start. False when all of it is.
bool open_more(Transaction& change) {
  const auto page =
      static_cast<std::uint32_t>(heap_state().unopened.load(std::memory_order_relaxed));
  const std::uint32_t left = arena_header().page_count - page;
  if (left == 0) {
    return false;
  }
  const std::uint32_t fits = static_cast<std::uint32_t>(std::bit_width(left)) - 1;
  const std::uint32_t aligned =
      page == 0 ? run_orders - 1 : static_cast<std::uint32_t>(std::countr_zero(page));
  push(change, Run::cold, page, std::min(fits, aligned));
  change.write(heap_state().unopened, page + (1u << std::min(fits, aligned)));
  return true;
}

std::uint32_t take_cold(Transaction& change, std::uint32_t order) {
  do {
    for (std::uint32_t from = order; from < run_orders; ++from) {
      if (const std::uint64_t head = heap_state().cold[from].load(std::memory_order_relaxed);
          head != 0) {
        const auto page = static_cast<std::uint32_t>(head - 1);
        unlink(change, page);
        change.write(page_info(page).committed, 0);
        return split_down(change, page, from, order);
      }
    }
  } while (open_more(change));
  return no_page;
}

void merge_and_push(Transaction& change, std::uint32_t page, std::uint32_t order) {
  while (order + 1 < run_orders) {
    const std::uint32_t buddy = page ^ (1u << order);
    if (buddy >= arena_header().page_count || state_of(link(buddy)) != Run::cold ||
        order_of(link(buddy)) != order) {
      break;
    }
    unlink(change, buddy);
    change.write(page_info(page > buddy ? page : buddy).link, link_word(Run::inner, 0, 0, 0));
    page = page < buddy ? page : buddy;
    ++order;
  }
  push(change, Run::cold, page, order);
}

}  // namespace

std::uint32_t order_for(std::size_t size) {
  const std::uint64_t pages = (size + arena_page - 1) / arena_page;
  if (size > (std::size_t{1} << 36) || pages > arena_header().page_count) {
    throw ValueError(
        "no shared block can be that large: the arena reserves fewer bytes "
        "(MULTIPROCESS_RESERVE)");
  }
  return static_cast<std::uint32_t>(std::bit_width(pages == 0 ? 0 : pages - 1));
}

std::uint32_t run_order(std::uint32_t page) {
  return order_of(link(page));
}

std::uint32_t take_run(Transaction& change, std::uint32_t order, std::uint64_t owner) {
  std::uint32_t page = no_page;
  if (const std::uint64_t head = heap_state().warm[order].load(std::memory_order_relaxed);
      head != 0) {
    page = static_cast<std::uint32_t>(head - 1);
    unlink(change, page);
    auto& kept = heap_state().warm_bytes;
    change.write(kept, kept.load(std::memory_order_relaxed) - kept_bytes(page));
  } else {
    page = take_cold(change, order);
  }
  if (page == no_page) {
    throw std::bad_alloc();
  }
  change.write(page_info(page).owner, owner);
  auto& frontier = heap_state().frontier;
  if (const std::uint64_t end = page + (1ull << order);
      frontier.load(std::memory_order_relaxed) < end) {
    change.write(frontier, end);
  }
  return page;
}

void put_run(Transaction& change, std::uint32_t page, bool discarded) {
  const std::uint32_t order = run_order(page);
  change.write(page_info(page).owner, 0);
  if (discarded) {
    change.write(page_info(page).committed, 0);
    merge_and_push(change, page, order);
    return;
  }
  auto& kept = heap_state().warm_bytes;
  change.write(kept, kept.load(std::memory_order_relaxed) + kept_bytes(page));
  push(change, Run::warm, page, order);
}

bool keeps_too_much(std::uint32_t page) {
  return heap_state().warm_bytes.load(std::memory_order_relaxed) + kept_bytes(page) > most_warm();
}

bool may_be_kept(std::uint32_t page) {
  return kept_bytes(page) <= most_warm();
}

}  // namespace multiprocess::detail
