// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/page_runs.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/lock.hpp>

#include "support/forked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

// Kills between two steps that random kills hardly ever hit: each made by hand.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;
using namespace detail;

// Small: a wild offset is a fault.
const bool arena_is_small = setenv("MULTIPROCESS_RESERVE", "268435456", 1) == 0;

/// The arena is there before anybody forks.
class KillWindows : public testing::Test {
 protected:
  const Ticket me_ = this_participant();
};

using SharedWord = SharedPage<std::atomic<std::uint64_t>>;

void die() {
  raise(SIGKILL);
}

detail::Bytes bytes_of(const std::vector<std::byte>& data) {
  return {data.data(), data.size()};
}

QueueState& state_of(const SharedRef& queue) {
  return *static_cast<QueueState*>(queue.address());
}

Outcome put_number(const ItemQueue& queue, std::uint64_t number) {
  return queue.put(os::at_once, [number](std::byte* payload, std::uint64_t) noexcept {
    std::memcpy(payload, &number, sizeof(number));
  });
}

std::optional<std::uint64_t> get_number(const ItemQueue& queue) {
  std::uint64_t number = 0;
  const Outcome outcome = queue.get(
      os::at_once,
      [&number](const std::byte* payload) noexcept {
        std::memcpy(&number, payload, sizeof(number));
        return Take::item;
      },
      []() noexcept {});
  return outcome == Outcome::done ? std::optional(number) : std::nullopt;
}

TEST_F(KillWindows, ASenderKilledInTheMiddleLeavesNothingOfItsItemInTheNext) {
  const std::vector<std::byte> large(std::size_t{32} << 20, std::byte{1});
  const std::vector<std::byte> small(1000, std::byte{2});
  const Queue<std::vector<std::byte>> queue;
  bool was_cut = false;
  while (!was_cut) {
    Forked sender([&] { queue.put(large); });
    while (queue.empty()) {
    }
    sender.send(SIGSTOP);
    queue.put(small);
    sender.kill();
    const auto got = queue.get(10s);
    was_cut = got.size() != large.size();
    EXPECT_TRUE(was_cut ? got == small : queue.get(10s) == small);
  }
}

TEST_F(KillWindows, AKilledReaderOfAMessageIsNotTakenOutOfTheCountOfWhateverLiesThereNow) {
  constexpr std::size_t size = std::size_t{1} << 20;
  const SharedWord reader_ticket;
  const Offset block = Message::prepare(size, {});
  Forked reader([&] {
    *reader_ticket = this_participant().word();
    Message::wait_for_more(block, 0, os::never);
  });
  while (at<MessageHeader>(block)->sleepers == 0) {
    std::this_thread::yield();
  }
  reader.kill();
  Message::drop(block);
  const Offset again = allocate(sizeof(MessageHeader) + size);
  ASSERT_EQ(again, block);
  std::memset(at<std::byte>(again), 0x5a, size);
  note_end(Ticket::from(*reader_ticket));
  const auto* const bytes = at<std::byte>(again);
  EXPECT_EQ(std::count(bytes, bytes + size, std::byte{0x5a}), size);
  deallocate(again);
}

TEST_F(KillWindows, ASlotThatNamesABlockOfFormerTimesIsReadWithCare) {
  const SharedRef ref = ItemQueue::create(sizeof(BlockItem), unlimited, true);
  const ItemQueue queue(ref);
  put_bytes(queue, bytes_of(std::vector<std::byte>(40'000)), {}, os::never);
  BlockItem item;
  ASSERT_EQ(get_item(queue, item, nullptr, os::never), Outcome::done);
  const Offset former = item.block();
  { const Message received(former); }
  std::vector<Offset> blocks;  // until its page is cut into small ones
  while (owner::kind(page_info(page_of(former)).owner) != owner::Kind::slab) {
    blocks.push_back(allocate(64));
    ASSERT_LT(blocks.size(), 100'000);
  }
  for (OwnedLock* const lock : {&state_of(ref).get_lock, &state_of(ref).put_lock}) {
    Forked([lock] {
      lock->acquire();
      die();
    }).wait();
  }
  EXPECT_EQ(get_item(queue, item, nullptr, os::at_once), Outcome::time_up);
  EXPECT_EQ(put_bytes(queue, bytes_of(std::vector<std::byte>(100)), {}, os::at_once),
            Outcome::done);
  for (const Offset block : blocks) {
    deallocate(block);
  }
}

TEST_F(KillWindows, ASpareSegmentThatIsTakenBackByTheUndoingIsNotUsed) {
  const SharedRef ref = ItemQueue::create(sizeof(std::uint64_t), unlimited, false);
  const ItemQueue queue(ref);
  const std::uint64_t slots = state_of(ref).slots;
  for (std::uint64_t i = 0; i < slots; ++i) {
    put_number(queue, i);
  }
  Forked([&] {  // a getter, killed while it puts an emptied segment aside
    const Offset segment = allocate(1000);
    std::memset(at<std::byte>(segment), 0, 1000);
    Transaction change;
    change.write(state_of(ref).spare, segment);
    change.write(state_of(ref).spares, 1);
    die();
  })
      .wait();
  ASSERT_NE(state_of(ref).spare, 0);
  EXPECT_EQ(put_number(queue, slots), Outcome::done);
  EXPECT_EQ(arena_header().magic, ArenaHeader::right_magic);
  for (std::uint64_t i = 0; i <= slots; ++i) {
    ASSERT_EQ(get_number(queue), i);
  }
}

TEST_F(KillWindows, AnAccountIsNotDroppedTwiceWhenWhoClearsAwayIsKilled) {
  const SharedWord holder_ticket;
  const SharedWord account;
  Forked([&] {
    const Lock own;
    *holder_ticket = this_participant().word();
    *account = participant(this_participant().slot).account.load();
    die();
  }).wait();
  const Ticket holder = Ticket::from(*holder_ticket);
  // As far as somebody came who was killed then.
  ASSERT_TRUE(mark_end(holder));
  drop_account(participant(holder.slot));
  reclaim(*account);
  std::vector<Offset> blocks;
  while (blocks.empty() || blocks.back() != *account) {
    blocks.push_back(allocate(sizeof(AccountBlock)));
    ASSERT_LT(blocks.size(), 10'000);
  }
  const Offset object = allocate(64);
  const SharedRef ref = publish_object(object, ObjectType::plain);
  auto* const words = at<std::uint64_t>(*account);
  std::fill_n(words, sizeof(AccountBlock) / sizeof(*words), object);
  words[0] = 0;
  note_end(holder);
  EXPECT_EQ(std::count(words + 1, words + sizeof(AccountBlock) / sizeof(*words), object),
            sizeof(AccountBlock) / sizeof(*words) - 1);
  EXPECT_EQ(owner::kind(owner_word(object)), owner::Kind::object);
  for (const Offset block : blocks) {
    deallocate(block);
  }
}

TEST_F(KillWindows, AChildThatComesTooLateLeavesItsPlaceToTheOneWhoHasItNow) {
  const Ticket late = reserve_participant(false);
  cancel_participant(late);  // as when the parent dies before it could say who the child is
  const Ticket now = reserve_participant(false);
  ASSERT_EQ(now.slot, late.slot);
  Forked holder([&] {
    enter_as(now);
    this_participant();
    pause();
  });
  while (life_of(participant(now.slot).life) != Life::live) {
    std::this_thread::yield();
  }
  Forked([&] {
    enter_as(late);
    EXPECT_NE(this_participant().slot, now.slot);
  }).wait();
  EXPECT_FALSE(check_participant(now));
  holder.kill();
  EXPECT_TRUE(check_participant(now));
  note_end(now);
}

TEST_F(KillWindows, PlacesOfTheDeadDoNotKeepTheLivingOut) {
  Forked dead([] {});
  dead.wait();
  std::vector<Ticket> taken;
  try {
    while (taken.size() <= 2 * most_participants) {
      taken.push_back(reserve_participant(false));
      name_participant(taken.back(), dead.pid());  // nobody says that it has ended
    }
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << " after " << taken.size();
  }
  for (const Ticket ticket : taken) {
    note_end(ticket);
  }
}

TEST_F(KillWindows, AProcessKilledWhileItComesInLeavesNoPlaceTaken) {
  Forked dead([] {});
  dead.wait();
  const Ticket used = reserve_participant(false);
  cancel_participant(used);
  for (const pid_t claimer : {dead.pid(), getpid()}) {
    auto& life = participant(used.slot).life;
    ASSERT_EQ(life_of(life), Life::free);
    const auto generation = static_cast<std::uint32_t>(life >> 32) + 1;
    life = life_word(generation, static_cast<std::uint32_t>(claimer), Life::claimed);
    census().next_check = 0;
    check_everybody();
    EXPECT_EQ(life_of(life), claimer == getpid() ? Life::claimed : Life::free);
    note_end({used.slot, generation});
  }
}

TEST_F(KillWindows, PlacesOfChildrenThatNobodyToldUsAboutAreUsedAgain) {
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(Forked([] { const Lock lock; }).succeeds());
  }
  std::uint32_t taken = 0;
  for (std::uint32_t slot = 1; slot <= most_participants; ++slot) {
    taken += life_of(participant(slot).life) != Life::free;
  }
  EXPECT_LT(taken, 200);
}

TEST_F(KillWindows, FreedMemoryStaysWarmWhereverItLies) {
  std::vector<Offset> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(allocate(40'000));
  }
  const std::uint64_t before = heap_state().warm_bytes;
  for (const Offset block : blocks) {
    deallocate(block);
  }
  EXPECT_GE(heap_state().warm_bytes - before, 100 * 40'000);
}

}  // namespace
}  // namespace multiprocess::test
