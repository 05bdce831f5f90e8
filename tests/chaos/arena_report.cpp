// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/arena_report.hpp"

#include <multiprocess/detail/magazines.hpp>
#include <multiprocess/detail/page_runs.hpp>
#include <multiprocess/detail/participants.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace multiprocess::test {
namespace {

struct Pages {
  std::uint32_t free = 0;
  std::uint32_t in_one_piece = 0;  // of the free ones
  std::uint32_t in_slabs = 0;
  std::uint32_t in_other_blocks = 0;

  void count(std::uint32_t page, std::uint32_t run) {
    const std::uint64_t owner = detail::page_info(page).owner.load();
    if (owner == 0) {
      free += run;
      in_one_piece = std::max(in_one_piece, run);
    } else if (detail::owner::kind(owner) == detail::owner::Kind::slab) {
      in_slabs += run;
    } else {
      in_other_blocks += run;
    }
  }
};

Pages count_pages() {
  Pages pages;
  const auto opened = static_cast<std::uint32_t>(detail::heap_state().unopened.load());
  for (std::uint32_t page = 0; page < opened;) {
    const std::uint32_t run = 1u << detail::run_order(page);
    pages.count(page, run);
    page += run;
  }
  pages.free += detail::arena_header().page_count - opened;
  return pages;
}

std::size_t bytes_kept_by(std::uint32_t slot) {
  std::size_t bytes = 0;
  for (std::size_t size_class = 0; size_class < detail::heap_classes; ++size_class) {
    bytes += detail::class_size(size_class) *
             detail::Magazines::length(detail::magazines_of(slot).kept[size_class].load());
  }
  return bytes;
}

}  // namespace

std::string describe_heap() {
  const Pages pages = count_pages();
  std::string text = fmt::format(
      "heap: {} pages in slabs, {} in other blocks, {} free, {} of them in one piece; kept:",
      pages.in_slabs, pages.in_other_blocks, pages.free, pages.in_one_piece);
  for (std::uint32_t slot = 1; slot <= detail::census().high_water.load(); ++slot) {
    if (const std::size_t bytes = bytes_kept_by(slot); bytes != 0) {
      text += fmt::format(" {} by {},", bytes, detail::pid_in(detail::participant(slot)));
    }
  }
  text.back() = ';';
  return text;
}

std::string describe_places() {
  constexpr const char* names[] = {"free", "reserved", "live", "left", "dead", "claimed"};
  std::string text;
  for (std::uint32_t slot = 1; slot <= detail::most_participants; ++slot) {
    const detail::Participant& place = detail::participant(slot);
    const std::uint64_t life = place.life.load();
    if (detail::life_of(life) != detail::Life::free) {
      text += fmt::format("place {} of {}: {} by {}, process {}, pinned to place {}, {} pins\n",
                          slot, detail::census().high_water.load(),
                          names[static_cast<int>(detail::life_of(life))], detail::reserver_of(life),
                          detail::pid_in(place), detail::Ticket::from(place.pinned.load()).slot,
                          place.pins.load());
    }
  }
  return text;
}

}  // namespace multiprocess::test
