// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/waits.hpp"

#include "support/gate.hpp"
#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <system_error>

namespace multiprocess::test {

using namespace std::chrono_literals;

namespace {

/// What a killed holder was about to do is undone by the one that takes over.
void hold(const AcquirerProxy& lock, std::atomic<int>& inside) {
  const std::scoped_lock guard(lock);
  if (lock.owner_died()) {
    inside = 0;
  }
  require(inside.fetch_add(1) == 0);
  inside.fetch_sub(1);
}

void take(const Waits& waits, Seen& seen, std::chrono::milliseconds patience) {
  if (const auto item = waits.queue.try_get(patience)) {
    require(seen.taken.at(*item)++ == 0);
    waits.queue.task_done();
  }
}

void count(const Waits& waits, Seen& seen, std::uint64_t client) {
  waits.tally[client] += std::uint64_t{1};
  ++seen.counted.at(client);
}

void lock(const Waits& waits, Seen& seen, std::uint64_t) {
  hold(waits.lock, seen.inside[0]);
  const std::scoped_lock outer(waits.recursive);
  hold(waits.recursive, seen.inside[1]);
}

void signal(const Waits& waits, Seen&, std::uint64_t) {
  const std::scoped_lock guard(waits.units);
  waits.event.wait(1ms);
  waits.event.set();
  waits.event.clear();
}

void notify(const Waits& waits, Seen&, std::uint64_t) {
  const std::scoped_lock guard(waits.condition);
  waits.condition.notify();
  waits.condition.wait(2ms);
}

void meet(const Waits& waits, Seen&, std::uint64_t) {
  try {
    waits.barrier.wait(5ms);
  } catch (const BrokenBarrierError&) {
    waits.barrier.reset();
  }
}

void pass_on(const Waits& waits, Seen& seen, std::uint64_t) {
  const std::uint64_t item = seen.next_item++;
  require(item < Seen::most);
  seen.was_put[item] = waits.queue.try_put(item, 1ms);
  take(waits, seen, 1ms);
}

}  // namespace

void wait_for_ever(const Waits& waits, Seen& seen, std::uint64_t client) {
  constexpr std::array steps{&count, &pass_on, &lock, &signal, &notify, &meet};
  for (std::uint64_t next = client;; ++next) {  // who does not live long begins somewhere, too
    steps[next % steps.size()](waits, seen, client);
    ++seen.steps.at(client);
  }
}

void while_served(const Address& server, const std::function<void(const SyncManager&)>& use) {
  try {
    SyncManager manager(server, managers_key);
    manager.connect();
    use(manager);
  } catch (const EOFError&) {
  } catch (const std::system_error& error) {
    const auto gone = {std::errc::broken_pipe, std::errc::connection_reset,
                       std::errc::connection_refused};
    if (std::ranges::none_of(gone, [&](std::errc each) { return error.code() == each; })) {
      throw;
    }
  }
}

void expect_whole(const Waits& waits, Seen& seen, std::uint64_t kills) {
  EXPECT_TRUE(waits.lock.acquire(1s));
  EXPECT_TRUE(waits.recursive.acquire(1s));
  EXPECT_TRUE(waits.condition.acquire(1s));
  EXPECT_EQ(waits.units.get_value(), 2);
  waits.barrier.reset();
  EXPECT_EQ(waits.barrier.n_waiting(), 0);
  while (!waits.queue.empty()) {
    take(waits, seen, 10ms);
  }
  EXPECT_TRUE(waits.queue.join(1s));
  std::uint64_t lost = 0;
  for (std::size_t item = 0; item < Seen::most; ++item) {
    EXPECT_LE(seen.taken[item], item < seen.next_item ? 1 : 0) << item;
    lost += seen.was_put[item] && seen.taken[item] == 0 ? 1 : 0;
  }
  EXPECT_LE(lost, kills);
  for (const auto& [client, counted] : waits.tally.copy()) {
    EXPECT_LE(seen.counted.at(client), counted);
    EXPECT_GE(seen.counted.at(client) + 1, counted) << "it was killed in one call at most";
  }
  EXPECT_GT(seen.next_item, kills / 20) << "hardly anybody did anything";
}

}  // namespace multiprocess::test
