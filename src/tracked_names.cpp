// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/tracked_names.hpp>

#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/os/named_memory.hpp>
#include <multiprocess/detail/os/socket_file.hpp>
#include <multiprocess/detail/self.hpp>

#include <atomic>
#include <cstring>
#include <new>
#include <string_view>

namespace multiprocess::detail {

namespace {

/// In the arena, one block for each name: a chain that begins in the keeper's state.
struct TrackedName {
  std::atomic<std::uint64_t> next;
  std::uint64_t id;
  std::uint32_t length;

  char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::string_view name() noexcept { return {text(), length}; }
};

/// The block belongs to nobody who could die: it is part of the tree, so to speak.
std::uint64_t owned_by_the_tree() noexcept {
  return owner::part_of(area::keeper, 0);
}

Offset make_entry(const std::string& name, std::uint64_t id) {
  const Offset block = allocate(sizeof(TrackedName) + name.size());
  auto* const made = new (at<TrackedName>(block)) TrackedName{};
  made->id = id;
  made->length = static_cast<std::uint32_t>(name.size());
  std::memcpy(made->text(), name.data(), name.size());
  return block;
}

/// Holds the chain as it is; what somebody began who died in the middle is undone.
class Chain {
 public:
  Chain() noexcept : guard_(keeper_state().tracking) {
    const Transaction undo_what_a_dead_one_began;
  }

  std::atomic<std::uint64_t>& first() const noexcept { return keeper_state().names; }

 private:
  OwnedGuard guard_;
};

}  // namespace

void track_name(const std::string& name, std::uint64_t id) {
  require_keeper();
  const Offset block = make_entry(name, id);
  const Chain chain;
  Transaction change;
  change.write(at<TrackedName>(block)->next, chain.first().load(std::memory_order_relaxed));
  change.write(chain.first(), block);
  change.write(owner_word(block), owned_by_the_tree());
}

void untrack_name(const std::string& name, std::uint64_t id) noexcept {
  if (arena_data.load(std::memory_order_acquire) == nullptr) {
    return;  // then this process has not tracked any, and is no child of one that has
  }
  Offset found = 0;
  {
    const Chain chain;
    auto* link = &chain.first();
    const auto is_it = [&](TrackedName& entry) { return entry.id == id && entry.name() == name; };
    for (found = link->load(); found != 0 && !is_it(*at<TrackedName>(found));
         found = link->load()) {
      link = &at<TrackedName>(found)->next;
    }
    if (found == 0) {
      return;
    }
    Transaction change;
    change.write(*link, at<TrackedName>(found)->next.load(std::memory_order_relaxed));
    change.write(owner_word(found), owner::private_to(self().ticket));
  }
  deallocate(found);
}

namespace {

void remove(const std::string& name, std::uint64_t id) noexcept {
  if (!name.starts_with('/')) {
    os::remove_name_of(name, id);
  } else if (id != 0) {
    os::remove_socket_file(name, id);
  } else {
    os::remove_private_folder(name);
  }
}

}  // namespace

void remove_tracked_names() noexcept {
  const Chain chain;
  for (Offset block = chain.first().load(); block != 0;) {
    TrackedName& entry = *at<TrackedName>(block);
    remove(std::string(entry.name()), entry.id);
    block = entry.next.load();
  }
}

}  // namespace multiprocess::detail
