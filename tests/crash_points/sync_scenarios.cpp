// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"
#include "crash_points/recorder.hpp"
#include "support/forked.hpp"

#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/detail/holders.hpp>
#include <multiprocess/detail/meeting.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/waiters.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/semaphore.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::test {

using namespace std::chrono_literals;

namespace {

/// Where a step is about a primitive. What the heap does, others try at every step.
const std::vector<std::string> files_of_primitives{
    "account.cpp", "condition.cpp",  "entries.hpp",    "event.cpp",          "holders.cpp",
    "meeting.cpp", "owned_lock.hpp", "owned_lock.cpp", "recursive_lock.hpp", "units.cpp",
    "units.hpp",   "waiters.cpp",    "word.cpp"};

constexpr int units_at_first = 9;

/// What victims and the survivor share. The survivor has one unit of `units`, which it noted beside
/// the value: so victims use notes there, and have that place for themselves in `free_units`.
struct SyncWorld {
  RLock recursive;
  Semaphore units{units_at_first};
  Semaphore free_units{units_at_first};
  Event event;
  Condition condition;
  Queue<int> acted;
  Barrier pair{2};
  Barrier acting{2, [out = acted] { out.put(1); }};

  SyncWorld() { units.acquire(); }
};

template <class Handle>
detail::SharedRef ref_of(const Handle& handle) {
  detail::Outgoing outgoing(false);
  Handle::part_ops.send(&handle);
  return outgoing.refs().at(0);
}

void look_at_everybody() {
  detail::census().next_check.store(0);
  detail::check_everybody();
}

/// A child that does this and is gone, as nobody knows.
template <class F>
void lose_a_child(F body) {
  Forked child([&body] {
    never_die();
    body();
  });
  child.wait();
}

template <class Condition>
void until(Condition condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

/// False when the barrier broke.
bool meets(const Barrier& barrier, Timeout timeout = forever) {
  try {
    barrier.wait(timeout);
    return true;
  } catch (const BrokenBarrierError&) {
    return false;
  }
}

bool two_meet(const Barrier& barrier, Timeout timeout = forever) {
  bool other = false;
  std::thread thread([&] { other = meets(barrier, timeout); });
  const bool here = meets(barrier, timeout);
  thread.join();
  return here && other;
}

// What victims do.

void take_again_and_again(SyncWorld& world) {
  for (int i = 0; i < 2; ++i) {
    world.recursive.acquire();
    world.recursive.acquire();
    world.recursive.release();
    world.recursive.release();
  }
}

void take_and_give_units(SyncWorld& world) {
  for (int i = 0; i < 2; ++i) {
    world.units.acquire();
    world.units.acquire(false);
    world.units.release();
    world.units.release();
  }
  for (int i = 0; i < 2; ++i) {
    world.free_units.acquire();
    world.free_units.release();
  }
  const Semaphore none(0);
  none.acquire(1ms);
}

void give_back_for_the_dead(SyncWorld& world) {
  lose_a_child([&] {
    world.units.acquire(false);
    world.units.acquire(false);
    world.free_units.acquire(false);
  });
  look_at_everybody();
  world.units.get_value();
  world.free_units.get_value();
}

void need_more_holdings(SyncWorld& world) {
  for (std::size_t i = 0; i < detail::HoldingBlock::most; ++i) {
    lose_a_child([&] { world.units.acquire(false); });
  }
  world.units.acquire(false);
  world.units.release();
}

void leave_with_a_unit(SyncWorld& world) {
  world.units.acquire(false);
  world.free_units.acquire(false);
  detail::leave_participant();
}

void set_and_clear(SyncWorld& world) {
  for (int i = 0; i < 2; ++i) {
    world.event.set();
    world.event.clear();
    world.event.wait(1ms);
  }
}

void wait_and_notify(SyncWorld& world) {
  const auto ref = ref_of(world.condition);
  const detail::Waiters waiters(*static_cast<detail::ConditionState*>(ref.address()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i <= detail::WaiterBlock::most; ++i) {  // one more than has room
    threads.emplace_back([&] {
      const std::scoped_lock guard(world.condition);
      world.condition.wait();
    });
  }
  until([&] { return waiters.count() == threads.size(); });
  {
    const std::scoped_lock guard(world.condition);
    world.condition.wait(1ms);
    world.condition.notify();
    world.condition.notify_all();
  }
  for (std::thread& each : threads) {
    each.join();
  }
}

/// The one that has waited longest is dead, so that the first thread gets its notification; when it
/// gets one of its own as well, that is for the second thread.
void pass_notifications_on(SyncWorld& world) {
  const auto ref = ref_of(world.condition);
  auto& state = *static_cast<detail::ConditionState*>(ref.address());
  const detail::Waiters waiters(state);
  look_at_everybody();  // what a first victim left is free
  lose_a_child([&] {
    const std::scoped_lock guard(world.condition);
    waiters.enter();
  });
  std::thread first([&] {
    const std::scoped_lock guard(world.condition);
    world.condition.wait();
  });
  until([&] { return waiters.count() == 2; });
  std::thread second;
  {
    const std::scoped_lock guard(world.condition);
    world.condition.notify();
    look_at_everybody();
    const std::uint64_t me = detail::this_participant().word();
    until([&] { return state.waiters.entries[0].ticket.load() == me; });
    detail::Waiter& waiter = waiters.enter();
    second = std::thread([&] {
      detail::Waiter* const taken_over = waiters.sleep(waiter, detail::os::never);
      const std::scoped_lock inner(world.condition);
      waiters.leave(waiter, taken_over);
    });
    until([&] { return waiter.sleepers.load() == 1; });
    world.condition.notify();
  }
  first.join();
  second.join();
}

void wait_beside_a_dead_one(SyncWorld& world) {
  const auto ref = ref_of(world.condition);
  const detail::Waiters waiters(*static_cast<detail::ConditionState*>(ref.address()));
  lose_a_child([&] {
    const std::scoped_lock guard(world.condition);
    waiters.enter();
  });
  look_at_everybody();
  const std::scoped_lock guard(world.condition);
  world.condition.wait(1ms);
}

void meet_and_break(SyncWorld& world) {
  two_meet(world.pair);
  two_meet(world.pair);
  meets(world.pair, 1ms);
  world.pair.reset();
  std::thread other([&] { meets(world.pair); });
  until([&] { return world.pair.n_waiting() == 1; });
  world.pair.reset();
  other.join();
  world.pair.abort();
  world.pair.reset();
  two_meet(world.acting);
}

void meet_a_dead_one(SyncWorld& world) {
  lose_a_child([&] { detail::Meeting(ref_of(world.pair)).arrive(detail::os::never); });
  look_at_everybody();
  world.pair.broken();
  world.pair.reset();
  two_meet(world.pair);
}

void make_and_drop(SyncWorld& world) {
  const RLock lock;
  const Semaphore semaphore;
  const Event event;
  for (int i = 0; i < 2; ++i) {
    const Condition condition(lock);
    const Barrier barrier(1, [out = world.acted] { out.put(1); });
    barrier.wait();
  }
}

class SyncPlay final : public Play {
 public:
  SyncPlay(void (*plays)(SyncWorld&), bool leaves) : plays_(plays), leaves_(leaves) {}

  void victim() override { plays_(world_); }
  void next_victim() override {}

  void check() override {
    check_lock();
    check_units();
    check_condition();
    world_.event.set();
    EXPECT_TRUE(world_.event.wait(0s));
    for (const Barrier& barrier : {world_.pair, world_.acting}) {
      barrier.reset();
      EXPECT_TRUE(two_meet(barrier, 2s));
      EXPECT_FALSE(barrier.broken());
    }
    EXPECT_LE(world_.acted.qsize(), 6);
  }

 private:
  void check_lock() const {
    EXPECT_TRUE(world_.recursive.acquire(2s));
    world_.recursive.release();
    EXPECT_FALSE(world_.recursive.locked()) << "its depth is the dead one's";
  }

  /// What a victim has when it leaves stays with it.
  void check_units() const {
    check_units(world_.units, units_at_first - 1);
    check_units(world_.free_units, units_at_first);
  }

  void check_units(const Semaphore& units, int most) const {
    const int value = units.get_value();
    EXPECT_LE(value, most);
    EXPECT_GE(value, leaves_ ? most - 1 : most);
    for (int i = 0; i < value; ++i) {
      EXPECT_TRUE(units.acquire(false));
    }
    EXPECT_FALSE(units.acquire(false));
    for (int i = 0; i < value; ++i) {
      units.release();
    }
  }

  void check_condition() const {
    ASSERT_TRUE(world_.condition.acquire(2s));
    EXPECT_FALSE(world_.condition.wait(0s)) << "a wake-up out of nothing";
    std::thread notifier([&] {
      ASSERT_TRUE(world_.condition.acquire(2s));
      world_.condition.notify();
      world_.condition.release();
    });
    EXPECT_TRUE(world_.condition.wait(2s));
    world_.condition.release();
    notifier.join();
  }

  SyncWorld world_;
  void (*plays_)(SyncWorld&);
  bool leaves_;
};

Scenario scenario(const char* name, void (*victim)(SyncWorld&),
                  std::vector<std::string> first = {}) {
  const bool leaves = victim == &leave_with_a_unit;
  return {name, [victim, leaves] { return std::make_unique<SyncPlay>(victim, leaves); },
          std::move(first), files_of_primitives};
}

}  // namespace

std::vector<Scenario> sync_scenarios() {
  return {
      scenario("recursive lock", &take_again_and_again),
      scenario("units", &take_and_give_units),
      scenario("units of the dead", &give_back_for_the_dead),
      scenario("more holdings", &need_more_holdings),
      scenario("leave with a unit", &leave_with_a_unit),
      scenario("event", &set_and_clear),
      scenario("condition", &wait_and_notify),
      scenario("notifications of the dead", &pass_notifications_on),
      scenario("a dead waiter", &wait_beside_a_dead_one),
      scenario("barrier", &meet_and_break),
      scenario("a dead party", &meet_a_dead_one),
      scenario("make primitives", &make_and_drop),
      scenario("take over units", &give_back_for_the_dead, {"units.cpp", "holders.cpp"}),
      scenario("take over waiters", &pass_notifications_on, {"waiters.cpp"}),
      scenario("take over a barrier", &meet_and_break, {"meeting.cpp", "holders.cpp"}),
  };
}

}  // namespace multiprocess::test
