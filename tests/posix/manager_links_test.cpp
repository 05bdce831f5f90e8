// SPDX-License-Identifier: BSD-3-Clause
// The connections of a program with a manager of another one: what ends them, and what does not.
#include <multiprocess/manager.hpp>

#include <multiprocess/detail/link.hpp>
#include <multiprocess/logging.hpp>
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

TEST_P(ManagerLinks, EndWithAManagerWhoseServerHasEnded) {
  std::optional<mp::SyncManager> server = served();
  const mp::Address place = server->address();
  std::optional client(connected(place));
  std::optional another(connected(place));
  EXPECT_EQ(client->number_of_objects(), 0U);
  EXPECT_EQ(another->number_of_objects(), 0U);
  server.reset();
  EXPECT_ANY_THROW(static_cast<void>(client->number_of_objects()));
  EXPECT_ANY_THROW(static_cast<void>(another->number_of_objects()));
  another.reset();
  server = served(place);
  EXPECT_EQ(client->number_of_objects(), 0U);
  EXPECT_NE(mp::detail::linked_desk(place), mp::detail::SharedRef());
  client.reset();
  EXPECT_EQ(mp::detail::linked_desk(place), mp::detail::SharedRef());
}

/// It fails here, and what the user does when he reads so needs the links.
TEST_P(ManagerLinks, AreFreeWhileAGoodbyeIsSaid) {
  const auto server = served();
  const auto client = connected(server.address());
  const auto killed = served();
  const auto bereft = connected(killed.address());
  int told = 0;
  std::thread([&] {
    EXPECT_EQ(bereft.number_of_objects(), 0U);
    const int pid =
        killed.list<int>().apply([](std::vector<int>&) { return mp::current_process().pid(); });
    for (mp::Process& process : mp::active_children()) {
      if (process.pid() == pid) {
        process.kill();
        process.join();
      }
    }
    mp::get_logger().set_level(mp::SUBDEBUG);
    mp::get_logger().set_sink([&](const mp::LogRecord&) {
      if (told++ == 0) {
        EXPECT_EQ(client.number_of_objects(), 0U);
      }
    });
  }).join();
  mp::get_logger().set_sink({});
  mp::get_logger().set_level(mp::NOTSET);
  EXPECT_GT(told, 0);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerLinks);

}  // namespace
