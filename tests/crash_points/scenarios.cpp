// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/scenarios.hpp"

#include "crash_points/joinable_scenarios.hpp"

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/word.hpp>

#include "support/keeper.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

namespace multiprocess::test {

using namespace std::chrono_literals;
using detail::Ticket;

namespace {

// What victims do. Each is killed at every step that it takes.

void put_and_get_numbers(World& world) {
  for (std::size_t i = 0; i < 2500; ++i) {
    world.numbers.put(i);
    world.ledger->numbers_put = i + 1;
  }
  for (std::size_t i = 0; i < World::numbers_before; ++i) {
    if (!world.full.try_get(0s)) {
      return;  // a victim before this one took some
    }
    world.ledger->numbers_got = i + 1;
  }
}

void put_and_get_blobs(World& world) {
  for (std::size_t i = 0; i < 6; ++i) {
    world.blobs.put(blob(i));
    world.ledger->blobs_put = i + 1;
  }
  for (std::size_t i = 0; i < World::blobs_before; ++i) {
    if (!world.full_blobs.try_get(0s)) {
      return;
    }
    world.ledger->blobs_got = i + 1;
  }
}

void put_and_get_parcels(World& world) {
  for (std::size_t i = 0; i < 3; ++i) {
    world.parcels.put(Parcel{i, world.lock, std::string(i * 40, 'x')});
    world.ledger->parcels_put = i + 1;
  }
  for (std::size_t i = 0; i < World::parcels_before; ++i) {
    world.full_parcels.get();
    world.ledger->parcels_got = i + 1;
  }
}

/// A descriptor from which its number can be read.
Fd make_end(std::size_t number) {
  detail::os::Pipe pipe = detail::os::make_pipe();
  detail::os::write_all(pipe.write.get(), std::as_bytes(std::span(&number, 1)));
  return Fd(std::move(pipe.read));
}

std::size_t number_of(const Fd& end) {
  std::size_t number = 0;
  detail::os::read_all(end.fileno(), std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

void fill_with_ends(World& world) {
  world.ends_before = 3;
  for (std::size_t i = 0; i < world.ends_before; ++i) {
    world.full_ends.put(make_end(i));
  }
}

void kill_the_keeper(World&) {
  kill_keeper();
}

void put_and_get_ends(World& world) {
  for (std::size_t i = 0; i < 3; ++i) {
    world.ends.put(make_end(i));
    world.ledger->ends_put = i + 1;
  }
  for (std::size_t i = 0; i < world.ends_before; ++i) {
    world.full_ends.get();
    world.ledger->ends_got = i + 1;
  }
}

void become_the_keeper(World&) {
  detail::announce_keeper(detail::keeper_state().keeper, 1);
}

void make_and_drop_objects(World&) {
  std::vector<Lock> locks(140);
  Queue<Parcel> parcels;
  parcels.put(Parcel{1, locks[0], std::string(100, 'x')});
  Queue<std::size_t> numbers;
  for (std::size_t i = 0; i < 8000; ++i) {
    numbers.put(i);
  }
  for (std::size_t i = 0; i < 8000; ++i) {  // more emptied segments than it keeps
    numbers.get();
  }
  for (std::size_t i = 0; i < 3000; ++i) {  // into those that it has kept
    numbers.put(i);
  }
  numbers.close();
  std::vector<detail::Offset> blocks;
  for (int i = 0; i < 35; ++i) {  // several slabs of one size
    blocks.push_back(detail::allocate(20'000));
  }
  for (const int each : {2, 3, 1}) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] != 0 && i % 3 == static_cast<std::size_t>(each % 3)) {
        detail::deallocate(std::exchange(blocks[i], 0));
      }
    }
    detail::return_magazines();
  }
  const auto companion = detail::publish_object(detail::allocate(64), detail::ObjectType::plain);
  detail::make_parcel(0, companion, 0);
  Queue<std::size_t> ended;
  ended.put(1);
  ended.shutdown(true);
  parcels.shutdown(true);
}

/// True once a thread of this process sleeps, and is counted.
bool somebody_sleeps() {
  const std::uint64_t me = detail::this_participant().word();
  for (std::uint32_t i = 1; i < 64; ++i) {
    const detail::Sleeper& sleeper = detail::at<detail::Sleeper>(detail::area::sleepers)[i];
    if (sleeper.owner.load() == me && sleeper.counter.load() != 0) {
      return true;
    }
  }
  return false;
}

/// Sleeps in every way there is, until the time is up.
void sleep_and_give_up(World& world) {
  const Queue<std::size_t> bounded(1);
  bounded.put(1);
  bounded.try_put(2, 2ms);
  const Queue<std::size_t> empty;
  empty.try_get(2ms);
  world.lock.acquire(2ms);
  std::thread([&] { empty.try_get(1ms); }).join();
  detail::Self& me = detail::self();
  detail::wait_exit_code(me.ticket, std::chrono::steady_clock::now() + 1ms);
}

void wake_others(World&) {
  const Queue<std::size_t> queue(1);
  detail::at<detail::Sleeper>(detail::area::sleepers)->owner.store(0);  // as in a new arena
  std::thread getter([&] { queue.get(); });
  wait_for_a_sleeper();
  queue.put(1);
  getter.join();
  detail::census().next_check.store(0);
  detail::check_everybody();
}

/// A child of the victim dies with everything that can be held; the victim clears away after it.
void clear_away_after_a_child(World& world) {
  const Ticket reserved = detail::reserve_participant(true);
  const Queue<std::size_t> empty;
  const pid_t child = fork();
  if (child == 0) {
    detail::enter_as(reserved);
    const std::vector<Lock> locks(3);
    world.lock.acquire(0s);
    const detail::Offset block = detail::Message::prepare(10, {});
    static_cast<void>(block);
    detail::reserve_participant(false);  // for a child that is never started
    std::thread([&] { empty.try_get(1s); }).detach();
    wait_for_a_sleeper();
    kill(getpid(), SIGKILL);
  }
  detail::name_participant(reserved, child);
  waitpid(child, nullptr, 0);
  detail::set_exit_code(reserved, -SIGKILL);
  detail::note_end(reserved);
  const Ticket cancelled = detail::reserve_participant(false);
  const detail::Outgoing nothing(false);
  detail::Message::pack({}, nothing, cancelled);
  detail::cancel_participant(cancelled);
}

void take_over_and_leave(World& world) {
  if (world.lock.acquire(5s)) {
    world.lock.release();
  }
  put_and_get_blobs(world);
  detail::leave_participant();
}

/// Whoever was reserved a place by a parent that then died.
void leave_a_child_unnamed(World&) {
  detail::reserve_participant(false);
  const Lock kept;
  const detail::Offset message = detail::Message::prepare(8, {});
  static_cast<void>(message);
  kill(getpid(), SIGKILL);
}

template <class Item, class Expected>
void drain(const Queue<Item>& queue, std::size_t first, std::size_t acknowledged, std::size_t most,
           Expected expected, const char* what) {
  std::size_t number = first;
  while (const auto item = queue.try_get(0s)) {
    ASSERT_TRUE(expected(*item, number)) << what << ": item " << number << " is lost or torn";
    ++number;
  }
  ASSERT_GE(number, acknowledged) << what << ": acknowledged items are lost";
  ASSERT_LE(number, most) << what << ": more items than were put";
}

}  // namespace

void wait_for_a_sleeper() {
  while (!somebody_sleeps()) {
    std::this_thread::yield();
  }
}

std::vector<std::size_t> blob(std::size_t number) {
  const std::size_t sizes[] = {3, 20, 500, 30'000, 7, 40'000};
  return std::vector<std::size_t>(sizes[number % 6], number);
}

World::World() {
  for (std::size_t i = 0; i < numbers_before; ++i) {
    full.put(i);
  }
  for (std::size_t i = 0; i < blobs_before; ++i) {
    full_blobs.put(blob(i));
  }
  for (std::size_t i = 0; i < parcels_before; ++i) {
    full_parcels.put(Parcel{i, lock, std::string(i * 40, 'y')});
  }
  for (std::size_t i = 0; i < jobs_before; ++i) {
    jobs.put(blob(i));
  }
}

void World::check() {
  ASSERT_TRUE(lock.acquire(2s));
  lock.release();
  const auto is_number = [](std::size_t got, std::size_t number) { return got == number; };
  const auto is_blob = [](const std::vector<std::size_t>& got, std::size_t number) {
    return got == blob(number);
  };
  const auto is_parcel = [this](const Parcel& got, std::size_t number) {
    return got.number == number && got.lock == lock && got.text.size() == number * 40;
  };
  const auto is_end = [](const Fd& got, std::size_t number) { return number_of(got) == number; };
  // One more may have been put than was acknowledged, one more taken than was recorded.
  drain(numbers, 0, ledger->numbers_put, ledger->numbers_put + 1, is_number, "numbers");
  drain(blobs, 0, ledger->blobs_put, ledger->blobs_put + 1, is_blob, "blobs");
  drain(parcels, 0, ledger->parcels_put, ledger->parcels_put + 1, is_parcel, "parcels");
  const auto rest = [](const auto& queue, std::size_t got, std::size_t before) {
    return before - static_cast<std::size_t>(queue.qsize()) == got ? got : got + 1;
  };
  drain(full, rest(full, ledger->numbers_got, numbers_before), numbers_before, numbers_before,
        is_number, "numbers there before");
  drain(full_blobs, rest(full_blobs, ledger->blobs_got, blobs_before), blobs_before, blobs_before,
        is_blob, "blobs there before");
  drain(full_parcels, rest(full_parcels, ledger->parcels_got, parcels_before), parcels_before,
        parcels_before, is_parcel, "parcels there before");
  drain(ends, 0, ledger->ends_put, ledger->ends_put + 1, is_end, "descriptors");
  drain(full_ends, rest(full_ends, ledger->ends_got, ends_before), ends_before, ends_before, is_end,
        "descriptors there before");
  check_jobs(*this, 1);
}

namespace {

class QueuePlay final : public Play {
 public:
  QueuePlay(void (*plays)(World&), void (*prepare)(World&)) : plays_(plays) { prepare(world_); }

  void victim() override { plays_(world_); }
  void next_victim() override {
    new (&*world_.ledger) Ledger{};
    two_ = true;
  }
  void check() override { two_ ? check_use() : world_.check(); }

 private:
  void check_use() const {
    EXPECT_TRUE(world_.lock.acquire(2s));
    world_.lock.release();
    world_.numbers.put(1);
    EXPECT_GE(world_.numbers.qsize(), 1);
    check_jobs(world_, 2);
  }

  World world_;
  void (*plays_)(World&);
  bool two_ = false;
};

void leave_as_it_is(World&) {}

/// `prepare`: what the survivor does before there is a victim.
Scenario scenario(const char* name, void (*victim)(World&), std::vector<std::string> first = {},
                  void (*prepare)(World&) = &leave_as_it_is) {
  return {name, [=] { return std::make_unique<QueuePlay>(victim, prepare); }, std::move(first)};
}

}  // namespace

std::vector<Scenario> scenarios() {
  return {
      scenario("numbers", &put_and_get_numbers),
      scenario("blobs", &put_and_get_blobs),
      scenario("parcels", &put_and_get_parcels),
      scenario("objects", &make_and_drop_objects),
      scenario("sleep", &sleep_and_give_up),
      scenario("wake", &wake_others),
      scenario("clear away", &clear_away_after_a_child),
      scenario("unnamed", &leave_a_child_unnamed),
      scenario("leave", &take_over_and_leave),
      scenario("jobs", &take_and_finish_jobs),
      scenario("hands", &empty_hands),
      scenario("join", &tell_a_joiner),
      scenario("descriptors", &put_and_get_ends, {}, &fill_with_ends),
      scenario("start a keeper", &put_and_get_ends, {}, &kill_the_keeper),
      scenario("be a keeper", &become_the_keeper, {}, &kill_the_keeper),
      scenario("take over numbers", &put_and_get_numbers, {"item_queue.hpp", "item_queue.cpp"}),
      scenario("take over blobs", &put_and_get_blobs,
               {"item_queue.hpp", "block_item.cpp", "journal.cpp"}),
      scenario("take over jobs", &take_and_finish_jobs,
               {"item_queue.hpp", "hands.hpp", "block_item.cpp"}),
  };
}

}  // namespace multiprocess::test
