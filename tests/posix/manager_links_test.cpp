// SPDX-License-Identifier: BSD-3-Clause
// The connections of a program with a manager of another one: what ends them, and what does not.
#include <multiprocess/manager.hpp>

#include <multiprocess/pool.hpp>

#include "support/handle_limit.hpp"
#include "support/managers.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

class ManagerLinks : public mp::test::ConnectedManagers {};

TEST_P(ManagerLinks, AThreadThatCannotConnectCostsTheOthersNothing) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer looks at every exception by means of a pipe";
  }
  const auto server = served();
  const auto lock = server.Lock();
  server.publish("lock", lock);
  const auto client = connected(server.address());
  const auto same = client.lookup<mp::AcquirerProxy>("lock");
  same.acquire();
  std::thread([&client] {
    const mp::test::HandleLimit none(3);
    EXPECT_THROW(static_cast<void>(client.number_of_objects()), std::system_error);
  }).join();
  EXPECT_FALSE(lock.acquire(false));
  EXPECT_NO_THROW(same.release());
  EXPECT_TRUE(lock.acquire(false));
  lock.release();
}

TEST_P(ManagerLinks, ServeAllThreadsOfAForkedChild) {
  const auto server = served();
  const auto client = connected(server.address());
  mp::Process child({.start_method = mp::StartMethod::fork}, mp::fork_only([&client] {
                      std::atomic<int> made = 0;
                      std::vector<std::jthread> threads;
                      for (int i = 0; i < 4; ++i) {
                        threads.emplace_back([&client, &made] {
                          for (int number = 0; number < 100; ++number) {
                            const auto list = client.list<int>();
                            list.append(number);
                            made += list.get(0) == number;
                          }
                        });
                      }
                      threads.clear();
                      mp::exit(made == 400 ? 0 : 3);
                    }));
  child.start();
  ASSERT_TRUE(child.join(plenty));
  EXPECT_EQ(child.exitcode(), 0);
  EXPECT_EQ(client.list<int>({5}).get(0), 5);
}

TEST_P(ManagerLinks, EndInGoodOrderWithTheManagerObject) {
  const auto server = served();
  const auto units = server.Semaphore(2);
  server.publish("units", units);
  mp::Process child = start(
      [](const mp::Address& address) {
        const auto client = connected(address);
        client.lookup<mp::AcquirerProxy>("units").acquire();
      },
      server.address());
  ASSERT_TRUE(child.join(plenty));
  EXPECT_EQ(child.exitcode(), 0);
  EXPECT_TRUE(units.acquire(false));
  EXPECT_FALSE(units.acquire(false)) << "the client has kept the other one";
}

TEST_P(ManagerLinks, KeepWhatAProcessHasReceivedBeforeItsFirstCall) {
  const auto server = served();
  std::optional<mp::ListProxy<int>> list;
  {
    mp::Pool pool(mp::PoolOptions{.processes = 1, .start_method = GetParam()});
    list = pool.apply(
        [](const mp::Address& address) {
          return connected(address).list<int>({1, 2});
        },
        server.address());
    pool.close();
    pool.join();
  }
  EXPECT_EQ(list->get(1), 2);
}

TEST_P(ManagerLinks, AreMadeAnewWithTheNextServerAtThatPlace) {
  std::optional<mp::SyncManager> server = served();
  const mp::Address place = server->address();
  const auto client = connected(place);
  EXPECT_EQ(client.list<int>({1}).get(0), 1);
  server.reset();
  EXPECT_ANY_THROW(client.list<int>());
  server = served(place);
  EXPECT_EQ(client.list<int>({2}).get(0), 2);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerLinks);

}  // namespace
