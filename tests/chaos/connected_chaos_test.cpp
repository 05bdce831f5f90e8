// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include "chaos/chaos.hpp"
#include "chaos/waits.hpp"
#include "support/arena_use.hpp"
#include "support/forked.hpp"
#include "support/managers.hpp"
#include "support/shared_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

// Kills programs that are connected to a manager at random, and servers under their clients: who
// lives gets answers or errors, in time, and the servers go on and keep nothing of the dead.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::size_t open_handles(int pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Clients that connect: every other one is a program with a tree of its own.
class ConnectedChaos : public Chaos, public testing::WithParamInterface<const char*> {
 protected:
  static SyncManager served() {
    SyncManager manager(ManagerOptions{
        .start_method = StartMethod::fork,
        .address = std::string(GetParam()) == "tcp" ? Address("127.0.0.1", 0) : Address(),
        .authkey = managers_key});
    manager.start();
    return manager;
  }
  static SyncManager connected(const SyncManager& server) {
    SyncManager client(server.address(), managers_key);
    client.connect();
    return client;
  }

  std::unique_ptr<Forked> recruit(const Address& server, const Waits& waits, std::uint64_t number) {
    waits.tally[number] = 0;
    return std::make_unique<Forked>([&, number, seen = seen_.path()] {
      if (number % 2 == 0) {
        while_served(server, [&](const SyncManager& manager) {
          wait_for_ever(Waits::look_up(manager), *seen_, number);
        });
        return;
      }
      const std::string name = server.is_tcp() ? "-" : server.path().substr(1);
      execl(MULTIPROCESS_CONNECTED_CLIENT, "connected_client", name.c_str(),
            std::to_string(server.port()).c_str(), seen.c_str(), std::to_string(number).c_str(),
            nullptr);
      _exit(127);
    });
  }

  /// Until it has had an answer.
  void wait_for_work(Forked& client, std::uint64_t number) {
    while (seen_->steps[number] == 0 && !client.has_ended()) {
      std::this_thread::sleep_for(100us);
    }
  }

  SharedFile<Seen> seen_;
};

TEST_P(ConnectedChaos, ClientsAreKilled) {
  const SyncManager server = served();
  const int pid = server.list<int>().apply([](auto&) { return current_process().pid(); });
  const Waits waits = Waits::make(server);
  waits.publish(server);
  const std::size_t handles = open_handles(pid);
  std::uint64_t recruited = 0;
  std::uint64_t kills = 0;
  {
    const SyncManager client = connected(server);
    const auto numbers = client.list<int>({0});
    std::vector<std::unique_ptr<Forked>> clients;
    std::vector<std::uint64_t> names;
    for (; recruited < 4; ++recruited) {
      clients.push_back(recruit(server.address(), waits, recruited));
      names.push_back(recruited);
    }
    for (; kills < scaled(200); ++kills) {
      const std::size_t who = between(random_, 0, 3);
      if (between(random_, 0, 3) != 0) {  // else it may not even have connected
        wait_for_work(*clients[who], names[who]);
      }
      pause();
      ASSERT_FALSE(clients[who]->has_ended()) << "it has seen what cannot be";
      clients[who]->kill();
      const auto begun = Clock::now();
      numbers[0] += 1;
      EXPECT_LT(Clock::now() - begun, 1s);
      names[who] = recruited;
      clients[who] = recruit(server.address(), waits, recruited++);
    }
    EXPECT_EQ(numbers.get(0), static_cast<int>(kills));
    wait_for_work(*clients.back(), names.back());
    kills += clients.size();
    clients.clear();
    notice_deaths();  // no parent of the forked ones does, and they have had our proxies, too
  }
  expect_whole(waits, *seen_, kills);
  const auto end = Clock::now() + 5s;
  while ((server.number_of_objects() != Waits::count || open_handles(pid) != handles) &&
         Clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server.number_of_objects(), Waits::count);
  EXPECT_EQ(open_handles(pid), handles);
  totals.kills += kills;
}

TEST_P(ConnectedChaos, ServersAreKilled) {
  std::uint64_t recruited = 0;
  for (std::uint64_t kills = 0; kills < scaled(50); ++kills) {
    const SyncManager server = served();
    const Waits waits = Waits::make(server);
    waits.publish(server);
    const Address address = server.address();
    std::vector<std::unique_ptr<Forked>> clients;
    for (int i = 0; i < 2; ++i) {
      clients.push_back(recruit(address, waits, recruited));
      wait_for_work(*clients.back(), recruited++);
    }
    const auto silent = server.Queue<std::uint64_t>();
    server.publish("silent", silent);
    clients.push_back(std::make_unique<Forked>([&] {  // waits for what never comes
      while_served(address, [](const SyncManager& manager) {
        manager.lookup<QueueProxy<std::uint64_t>>("silent").get();
      });
    }));
    pause();
    Process process = std::move(active_children().at(0));
    const auto killed = Clock::now();
    process.kill();
    for (const auto& client : clients) {
      EXPECT_TRUE(client->succeeds());
    }
    EXPECT_LT(Clock::now() - killed, 1s);
    process.join();
    EXPECT_THROW(connected(server), std::system_error);
  }
  totals.kills += scaled(50);
}

INSTANTIATE_TEST_SUITE_P(Place, ConnectedChaos, testing::Values("path", "tcp"),
                         [](const auto& place) { return std::string(place.param); });

}  // namespace
}  // namespace multiprocess::test
