// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include "chaos/chaos.hpp"
#include "support/arena_use.hpp"
#include "support/forked.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

// Kills clients of a manager at random, and servers under their clients: the clients that live get
// answers or errors, in time, and the servers go on and keep nothing of the dead.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;
using Numbers = ListProxy<int>;

struct Counts {
  std::atomic<std::uint64_t> begun[8];
  std::atomic<std::uint64_t> done[8];
};

class ManagerChaos : public Chaos {};

/// Adds to a number, in one step each, and does what else can be done, for ever.
void work(const DictProxy<std::string, Object>& dict, Counts& counts, std::size_t number) {
  const std::string key = "worker " + std::to_string(number);
  const ListProxy<Numbers> lists = dict["lists"].as<ListProxy<Numbers>>();
  const Numbers numbers = dict["numbers"].as<Numbers>();
  while (true) {
    ++counts.begun[number];
    dict[key] += 1;
    ++counts.done[number];
    numbers[0] += 1;
    lists.append(numbers);
    lists[-1]->get(0);
    lists.apply([](std::vector<Numbers>& all) {
      all.resize(std::min<std::size_t>(all.size(), 3), all[0]);
    });
    dict["text"] = std::string(200, 'x');
  }
}

TEST_F(ManagerChaos, ClientsAreKilled) {
  const SyncManager manager = Manager();
  const auto dict = manager.dict<std::string, Object>();
  const auto numbers = manager.list<int>({0});
  dict["numbers"] = numbers;
  dict["lists"] = manager.list<Numbers>({numbers});
  constexpr std::size_t crew = 3;
  const SharedPage<Counts> counts;
  std::vector<std::unique_ptr<Forked>> clients(crew);
  for (std::size_t i = 0; i < crew; ++i) {
    dict["worker " + std::to_string(i)] = 0;
  }
  for (std::uint64_t kills = 0; kills < scaled(300); ++kills) {
    const std::size_t number = kills * 7 / 3 % crew;
    if (clients[number] != nullptr) {
      clients[number]->kill();
      const auto begun = counts->begun[number].load();
      const auto done = counts->done[number].load();
      const auto counted = dict["worker " + std::to_string(number)].as<std::uint64_t>();
      ASSERT_LE(counted, begun);
      ASSERT_GE(counted, done);
      counts->begun[number] = counted;
      counts->done[number] = counted;
    }
    clients[number] = std::make_unique<Forked>([&] { work(dict, *counts, number); });
    pause();
  }
  clients.clear();
  notice_deaths();
  EXPECT_EQ(manager.number_of_objects(), 3u);
  EXPECT_GT(numbers.get(0), 0);
}

TEST_F(ManagerChaos, ServersAreKilled) {
  for (std::uint64_t kills = 0; kills < scaled(60); ++kills) {
    SyncManager manager = Manager();
    const auto dict = manager.dict<std::string, Object>();
    dict["numbers"] = manager.list<int>({0});
    dict["lists"] = manager.list<Numbers>({dict["numbers"].as<Numbers>()});
    const SharedPage<Counts> counts;
    std::vector<std::unique_ptr<Forked>> clients;
    for (std::size_t i = 0; i < 2; ++i) {
      dict["worker " + std::to_string(i)] = 0;
      clients.push_back(std::make_unique<Forked>([&, i] {
        try {
          work(dict, *counts, i);
        } catch (const EOFError&) {
        } catch (const std::system_error& error) {
          if (error.code() != std::errc::broken_pipe) {
            throw;
          }
        }
      }));
    }
    pause();
    Process server = std::move(active_children().at(0));
    server.kill();
    server.join();
    const auto killed = std::chrono::steady_clock::now();
    for (const auto& client : clients) {
      EXPECT_TRUE(client->succeeds());
    }
    EXPECT_LT(std::chrono::steady_clock::now() - killed, 1s);
    EXPECT_THROW(dict.size(), std::system_error);
  }
}

}  // namespace
}  // namespace multiprocess::test
