// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include "chaos/chaos.hpp"
#include "chaos/waits.hpp"
#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/forked.hpp"
#include "support/shared_file.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// Kills clients of a manager at random that hold, wait for and hand over what lives there: the
// locks exclude, nothing is lost or invented, and who lives gets all of it.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

class ManagerWaitsChaos : public Chaos {};

TEST_F(ManagerWaitsChaos, ClientsAreKilled) {
  const SyncManager manager = Manager();
  const Waits waits = Waits::make(manager);
  const SharedFile<Seen> seen;
  std::vector<std::unique_ptr<Forked>> clients(4);
  std::uint64_t kills = 0;
  for (; kills < scaled(200); ++kills) {
    auto& client = clients[kills * 7 / 3 % clients.size()];
    if (client != nullptr) {
      EXPECT_FALSE(client->has_ended()) << "it has seen what cannot be";
      client->kill();
    }
    waits.tally[kills] = 0;
    client = std::make_unique<Forked>([&] { wait_for_ever(waits, *seen, kills); });
    pause();
  }
  clients.clear();
  notice_deaths();  // no parent of theirs does
  expect_whole(waits, *seen, kills);
  EXPECT_EQ(manager.number_of_objects(), Waits::count);
}

TEST_F(ManagerWaitsChaos, ClientsOfAPoolAndItsWorkersAreKilled) {
  const SyncManager manager = Manager();
  const PoolProxy pool = manager.Pool(2);
  std::vector<std::unique_ptr<Forked>> clients(3);
  for (std::uint64_t kills = 0; kills < scaled(60); ++kills) {
    auto& client = clients[kills % clients.size()];
    client.reset();
    client = std::make_unique<Forked>([&] {
      while (true) {
        require(pool.map([](int x) { return x + 1; }, {1, 2, 3}).at(2) == 4);
        const auto later = pool.apply_async([](int x) { return x; }, 5);
        for (const int x : pool.imap([](int x) { return x; }, {1, 2, 3})) {
          require(x > 0 && x < 4);
        }
        require(later.get() == 5);
      }
    });
    pause();
    EXPECT_THROW(pool.apply([] { die(); }), WorkerDied);
  }
  clients.clear();
  notice_deaths();
  EXPECT_EQ(pool.apply([](int x) { return x; }, 7), 7);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (manager.number_of_objects() != 1 && std::chrono::steady_clock::now() < deadline) {
    notice_deaths();
  }
  EXPECT_EQ(manager.number_of_objects(), 1u) << "what the dead had asked for is kept";
}

}  // namespace
}  // namespace multiprocess::test
