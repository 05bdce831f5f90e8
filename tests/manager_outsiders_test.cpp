// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/event.hpp>

#include "support/arena_use.hpp"
#include "support/managed_pools.hpp"
#include "support/outside_call.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

// What a manager's server has of programs that connected goes when they drop it, or end; and who is
// dead gets nothing.

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::square;
using mp::test::until;

namespace {

constexpr int rounds = 10;  // of what depends on who is faster

class ManagerOutsiders : public mp::test::ConnectedManagers {
 protected:
  static mp::PoolOptions two(mp::StartMethod method) {
    mp::PoolOptions options;
    options.processes = 2;
    options.start_method = method;
    return options;
  }

  template <class Condition>
  static bool soon(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + plenty;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    return condition();
  }

  static bool soon_has(const mp::SyncManager& manager, std::size_t objects) {
    return soon([&] { return manager.number_of_objects() == objects; });
  }

  /// A process that connects, says so, and gets an item.
  mp::Process getter(const mp::SyncManager& server) const {
    const mp::Event is_there;
    mp::Process made = start(
        [](const mp::Address& address, const mp::Event& ready) {
          const auto queue = connected(address).lookup<mp::QueueProxy<int>>("queue");
          ready.set();
          queue.get();
        },
        server.address(), is_there);
    EXPECT_TRUE(is_there.wait(plenty));
    until([&] { return mp::test::is_asleep(made.pid()); });
    const auto later = connected(server.address());  // one after the other: so it has been heard
    EXPECT_GT(later.number_of_objects() + later.number_of_objects(), 0U);
    return made;
  }
};

TEST_P(ManagerOutsiders, DropAPoolWithItsWorkers) {
  const auto server = served();
  const auto client = connected(server.address());
  std::vector<int> pids;
  {
    const auto list = client.list<int>({1});
    const mp::PoolProxy pool = client.Pool(two(GetParam()));
    EXPECT_EQ(pool.map(square, {2, 3}), (std::vector{4, 9}));
    pids = pool.pids();
  }
  ASSERT_TRUE(soon_has(client, 0));
  EXPECT_TRUE(soon([&] {
    return std::ranges::none_of(
        pids, [](int pid) { return mp::detail::os::runs(static_cast<std::uint32_t>(pid)); });
  }));
}

TEST_P(ManagerOutsiders, LeaveNoPoolBehind) {
  const auto server = served();
  EXPECT_EQ(exitcode_of(
                [](const mp::Address& address, mp::StartMethod method) {
                  const auto client = connected(address);
                  const mp::PoolProxy first = client.Pool(two(method));
                  const mp::PoolProxy second = client.Pool(two(method));
                  EXPECT_EQ(first.apply(square, 2) + second.apply(square, 3), 13);
                },
                server.address(), GetParam()),
            0);
  EXPECT_TRUE(soon_has(server, 0));
}

TEST_P(ManagerOutsiders, DropWhatTheyHadWhenAPoolWasMade) {
  const auto server = served();
  const auto client = connected(server.address());
  auto list = std::optional(client.list<int>({1}));
  const mp::PoolProxy pool = server.Pool(two(GetParam()));
  EXPECT_EQ(pool.apply(square, 2), 4);
  list.reset();
  EXPECT_TRUE(soon_has(client, 1));
}

TEST_P(ManagerOutsiders, GetNoItemWhenTheyAreDead) {
  std::vector<mp::Address> addresses{mp::Address()};
  if (mp::test::can_fork) {  // else Wine keeps the sockets of the killed open
    addresses.emplace_back("127.0.0.1", 0);
  }
  for (const mp::Address& address : addresses) {
    const auto server = served(address);
    const auto queue = server.Queue<int>();
    server.publish("queue", queue);
    for (int round = 0; round < rounds; ++round) {
      mp::Process killed = getter(server);
      killed.kill();
      killed.join();
      queue.put(round);
      ASSERT_EQ(queue.get(plenty), round);
    }
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerOutsiders);

}  // namespace
