// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/arena.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/inheritance.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <cstdlib>
#include <mutex>
#include <new>
#include <span>

namespace multiprocess::detail {

constinit std::atomic<std::byte*> arena_data{nullptr};

namespace {

constexpr std::size_t default_reservation = std::size_t{64} << 30;
constexpr std::size_t smallest_reservation = std::size_t{16} << 20;

constinit ThreadLock opening;
// A child must not find memory that is mapped and not yet known.
constinit os::AroundFork whole_at_forks =
    os::held_around_forks<opening>(os::AroundFork::Nesting::inner);
[[maybe_unused]] const bool before_main = whole_at_forks.begin();

constinit os::SharedMapping* mapping =
    nullptr;  // never destroyed: others use it until the very end

std::size_t wanted_reservation() {
  const char* const text = std::getenv("MULTIPROCESS_RESERVE");
  if (text == nullptr) {
    return default_reservation;
  }
  char* end = nullptr;
  const unsigned long long bytes = std::strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || bytes < smallest_reservation) {
    throw ValueError("MULTIPROCESS_RESERVE must be a number of bytes, 16777216 at least");
  }
  return static_cast<std::size_t>(bytes) / arena_page * arena_page;
}

void adopt(os::SharedMapping&& made) {
  mapping = new os::SharedMapping(std::move(made));
  arena_data.store(mapping->data(), std::memory_order_release);
}

void refuse_second_copy() {
  if (os::another_arena_is_mapped()) {
    throw RuntimeError(
        "this process holds two copies of the multiprocess library, each with shared memory of its "
        "own (a program and a plugin, both linked statically): build multiprocess with "
        "BUILD_SHARED_LIBS=ON and link both against the shared library");
  }
}

void create() {
  refuse_second_copy();
  auto made = os::SharedMapping::create(wanted_reservation(), smallest_reservation);
  auto* const header = new (made.data()) ArenaHeader{};
  header->size = made.size();
  const std::uint64_t pages = (made.size() - area::pages) / (arena_page + sizeof(PageInfo));
  header->first_page =
      (area::pages + pages * sizeof(PageInfo) + arena_page - 1) / arena_page * arena_page;
  header->page_count = static_cast<std::uint32_t>((made.size() - header->first_page) / arena_page);
  header->id = os::random_number();
  header->magic = ArenaHeader::right_magic;
  adopt(std::move(made));
}

void attach(os::Handle memory) {
  auto found = os::SharedMapping::attach(std::move(memory));
  const auto* const header = reinterpret_cast<const ArenaHeader*>(found.data());
  if (found.size() < smallest_reservation || header->magic != ArenaHeader::right_magic ||
      header->size != found.size()) {
    throw RuntimeError(
        "the inherited descriptor is not the shared arena of this library's version");
  }
  adopt(std::move(found));
}

}  // namespace

std::byte* open_arena() {
  const std::scoped_lock guard(opening);
  if (arena_data.load(std::memory_order_acquire) == nullptr) {
    if (os::Handle inherited = inherited_arena(); inherited) {
      attach(std::move(inherited));
    } else {
      create();
    }
  }
  return arena_data.load(std::memory_order_acquire);
}

void attach_arena(os::Handle memory) {
  const std::scoped_lock guard(opening);
  if (arena_data.load(std::memory_order_acquire) == nullptr) {
    attach(std::move(memory));
  }
}

os::NativeHandle arena_descriptor() {
  arena_base();
  return mapping->handle();
}

void commit_arena(Offset offset, std::size_t size) {
  mapping->commit(offset, size);
}

void discard_arena(Offset offset, std::size_t size) noexcept {
  mapping->discard(offset, size);
}

}  // namespace multiprocess::detail
