// SPDX-License-Identifier: BSD-3-Clause
// Managers and those who connect to them, as any program does that knows address and key.
#include <multiprocess/manager.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include "support/cpu_time.hpp"
#include "support/latch.hpp"
#include "support/managers.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using Numbers = mp::DictProxy<std::string, int>;

namespace {

constexpr const char* key = mp::test::managers_key;

class ManagerClients : public mp::test::ConnectedManagers {};

/// Until the server has seen that they are gone.
void expect_objects(const mp::SyncManager& manager, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + plenty;
  while (manager.number_of_objects() != count && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(manager.number_of_objects(), count);
}

TEST_P(ManagerClients, UseWhatIsThere) {
  const auto server = served();
  const auto numbers = server.dict<std::string, int>();
  server.publish("numbers", numbers);
  const auto client = connected(server);
  const auto same = client.lookup<Numbers>("numbers");
  same["a"] = 1;
  same["a"] += 41;
  EXPECT_EQ(numbers.get("a"), 42);
  EXPECT_THROW(same.at("b"), mp::KeyError);
  EXPECT_THROW(client.lookup<mp::ListProxy<int>>("numbers"), mp::TypeError);
  EXPECT_THROW(client.lookup<Numbers>("letters"), mp::KeyError);
  server.publish("lock", server.RLock());
  EXPECT_TRUE(repr(client.lookup<mp::AcquirerProxy>("lock")).find("'RLock'") != std::string::npos);
  EXPECT_THROW(client.lookup<mp::QueueProxy<int>>("lock"), mp::TypeError);
  EXPECT_EQ(mp::test::shown(same), "{'a': 42}");
}

TEST_P(ManagerClients, MakeObjectsAndDropThem) {
  const auto server = served();
  {
    const auto client = connected(server);
    {
      const auto list = client.list<int>({1, 2, 3});
      auto lists = client.dict<std::string, mp::ListProxy<int>>();
      lists["it"] = list;
      const mp::ListProxy<int> found = lists["it"];
      found.append(4);
      EXPECT_EQ(found, list);
      EXPECT_EQ(list.size(), 4);
      EXPECT_EQ(client.number_of_objects(), 2u);
    }
    EXPECT_EQ(client.number_of_objects(), 0u);
  }
  EXPECT_EQ(server.number_of_objects(), 0u);
}

TEST_P(ManagerClients, SurviveTheManagerObjectByTheirProxies) {
  const auto server = served();
  std::optional<mp::ListProxy<int>> list;
  {
    const auto client = connected(server);
    list = client.list<int>({5});
  }
  EXPECT_EQ(list->get(0), 5);
  EXPECT_EQ(server.number_of_objects(), 1u);
  list.reset();
  expect_objects(server, 0);
}

TEST_P(ManagerClients, ShareProxiesAmongTheirProcessesAndThreads) {
  const auto server = served();
  const auto client = connected(server);
  const auto counts = client.dict<std::string, int>({{"n", 0}});
  const auto count = [](const Numbers& numbers) {
    for (int i = 0; i < 100; ++i) {
      numbers["n"] += 1;
    }
  };
  mp::Process first = start(count, counts);
  mp::Process second = start(count, counts);
  std::thread third([&] { count(counts); });
  third.join();
  EXPECT_TRUE(first.join(plenty));
  EXPECT_TRUE(second.join(plenty));
  EXPECT_EQ(counts.get("n"), 300);
}

TEST_P(ManagerClients, ThatAreKilledLeaveNothing) {
  const auto server = served();
  const mp::Event has_one;
  mp::Process client = start(
      [](const mp::Address& address, const mp::Event& ready) {
        mp::SyncManager manager(address, key);
        manager.connect();
        const auto list = manager.list<int>({1});
        ready.set();
        std::this_thread::sleep_for(plenty);
      },
      server.address(), has_one);
  ASSERT_TRUE(has_one.wait(plenty));
  EXPECT_EQ(server.number_of_objects(), 1u);
  client.kill();
  client.join();
  expect_objects(server, 0);
}

TEST_P(ManagerClients, AreToldWhenTheServerIsKilled) {
  const auto server = served();
  const auto client = connected(server);
  const auto list = client.list<int>({1});
  for (mp::Process& process : mp::active_children()) {
    process.kill();
    process.join();
  }
  EXPECT_ANY_THROW(list.size());
  EXPECT_THROW(list.size(), std::system_error) << "nobody listens there any more";
}

TEST_P(ManagerClients, NeedTheKeyAndTheAddress) {
  const auto server = served();
  mp::SyncManager wrong(server.address(), "another key");
  EXPECT_THROW(wrong.connect(), mp::AuthenticationError);
  mp::SyncManager nowhere(mp::Address("/nowhere/at/all"), key);
  EXPECT_THROW(nowhere.connect(), std::system_error);
  EXPECT_THROW(mp::SyncManager(server.address(), ""), mp::ValueError);
  EXPECT_THROW(static_cast<void>(wrong.number_of_objects()), mp::AssertionError);
}

TEST_P(ManagerClients, CannotStoreWhatBelongsToTheirTree) {
  const auto server = served();
  const auto client = connected(server);
  const auto list = client.list<mp::Lock>();
  EXPECT_THROW(list.append(mp::Lock()), mp::NotSendable);
  const auto of_the_server = server.list<mp::Lock>();
  of_the_server.append(mp::Lock());
  server.publish("locks", of_the_server);
  const auto seen = client.lookup<mp::ListProxy<mp::Lock>>("locks");
  EXPECT_EQ(seen.size(), 1);
  EXPECT_THROW(seen.get(0), mp::NotSendable);
  EXPECT_EQ(seen.size(), 1) << "the connection is as good as before";
}

TEST_P(ManagerClients, LeaveAnItemToOthersThatTheyCannotHave) {
  const auto server = served();
  const auto locks = server.JoinableQueue<mp::Lock>();
  server.publish("locks", locks);
  const auto client = connected(server);
  const auto same = client.lookup<mp::QueueProxy<mp::Lock>>("locks");
  locks.put(mp::Lock());
  EXPECT_THROW(same.get(), mp::NotSendable);
  EXPECT_EQ(same.qsize(), 1);
  EXPECT_TRUE(locks.get().acquire(false));
  locks.task_done();
  EXPECT_TRUE(locks.join(0s)) << "it was in nobody's hand but ours";
  std::thread waiting([&same] { EXPECT_THROW(same.get(), mp::NotSendable); });
  locks.put(mp::Lock());
  waiting.join();
  EXPECT_EQ(locks.qsize(), 1);
}

TEST_P(ManagerClients, ComeOverTcpAsWell) {
  const auto server = served(mp::Address("127.0.0.1", 0));
  EXPECT_NE(server.address().port(), 0);
  const auto client = connected(server);
  const auto list = client.list<std::string>();
  const std::string large(300'000, 'x');
  list.append(large);
  EXPECT_EQ(list.get(-1), large);
}

TEST_P(ManagerClients, ReceiveProxiesOverConnections) {
  const auto server = served();
  const auto list = server.list<int>({1, 2});
  const mp::connection::Listener listener({.authkey = key});
  mp::Process client = start(
      [](const mp::Address& listens, const mp::Address& manages) {
        mp::SyncManager manager(manages, key);
        manager.connect();
        const mp::Connection connection = mp::connection::Client(listens, {.authkey = key});
        const auto received = connection.recv<mp::ListProxy<int>>();
        received.append(3);
        connection.send(static_cast<int>(received.size()));
      },
      listener.address(), server.address());
  mp::connection::Listener accepting = listener;
  const mp::Connection connection = accepting.accept(plenty);
  connection.send(list);
  EXPECT_EQ(connection.recv<int>(), 3);
  EXPECT_EQ(list.copy(), (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(client.join(plenty));
}

TEST_P(ManagerClients, AreServedBesideManyThatAreIdle) {
  const auto server = served();
  std::vector<mp::Connection> idle;
  for (int i = 0; i < 200; ++i) {
    idle.push_back(mp::connection::Client(server.address(), {.authkey = key, .strict = true}));
  }
  const auto client = connected(server);
  const auto list = client.list<int>({1});
  EXPECT_EQ(list.size(), 1);
}

/// Half of them wait for what never comes, the others are silent.
TEST_P(ManagerClients, ThatDoNothingCostNothing) {
  constexpr int threads = 50;
  const auto server = served();
  const auto client = connected(server);
  const auto none = server.Queue<int>();
  server.publish("none", none);
  const auto same = client.lookup<mp::QueueProxy<int>>("none");
  const int pid =
      server.list<int>().apply([](std::vector<int>&) { return mp::current_process().pid(); });
  multiprocess::test::Latch ready(threads);
  multiprocess::test::Latch over(1);
  std::vector<std::jthread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      EXPECT_TRUE(none.empty());
      EXPECT_TRUE(same.empty());
      ready.count_down();
      if (i % 2 == 0) {
        EXPECT_EQ((i % 4 == 0 ? none : same).get(plenty), 1);
      } else {
        over.wait();
      }
    });
  }
  ready.wait();
  std::this_thread::sleep_for(200ms);  // until nobody looks for more
  const auto before = mp::test::cpu_time_of(pid);
  std::this_thread::sleep_for(1s);  // what is measured
  const auto limit = mp::test::counts_cpu_time ? 10ms : 50ms;
  EXPECT_LT(mp::test::cpu_time_of(pid) - before, limit) << "1 % of a CPU";
  for (int i = 0; i < threads; i += 2) {
    none.put(1);
  }
  over.count_down();
}

TEST_P(ManagerClients, ThatTalkNonsenseAreCutOff) {
  const auto server = served();
  const auto talk = [&server](const std::vector<std::vector<std::uint64_t>>& messages) {
    const mp::Connection client =
        mp::connection::Client(server.address(), {.authkey = key, .strict = true});
    for (const auto& message : messages) {
      client.send_bytes(message);
    }
    return client;
  };
  const std::vector<std::uint64_t> hello{1, 2};
  EXPECT_THROW(talk({{}}).recv_bytes(), std::exception) << "no tree";
  EXPECT_THROW(talk({hello, {}}).recv_bytes(), std::exception);
  EXPECT_THROW(talk({hello, {UINT64_MAX, 1, 1}}).recv_bytes(), std::exception);
  EXPECT_NO_THROW(talk({hello, {0, 7, 0}}).recv_bytes()) << "it is told that there is no object 7";
  EXPECT_NO_THROW(talk({hello, {0, 0, 1}}).recv_bytes()) << "and that it cannot shut down";
  EXPECT_EQ(server.number_of_objects(), 0u);
}

TEST_P(ManagerClients, FindAServerThatRunsForEver) {
  mp::Queue<mp::Address> where;
  mp::Process serving = start(
      [](const mp::Queue<mp::Address>& tell) {
        mp::SyncManager manager(mp::Address(), key);
        mp::Server server = manager.get_server();
        tell.put(server.address());
        server.serve_forever();
      },
      where);
  mp::SyncManager client(where.get(plenty), key);
  client.connect();
  EXPECT_EQ(client.list<int>({1, 2}).size(), 2);
  EXPECT_THROW(client.shutdown(), mp::AttributeError);
  serving.terminate();
  serving.join();
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerClients);

TEST_P(ManagerClients, ABurstOfThemLosesNobody) {
  constexpr int count = 200;
  const auto server = served();
  const auto seen = server.list<int>();
  server.publish("seen", seen);
  std::vector<std::jthread> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back([&server, i] {
      try {
        connected(server).lookup<mp::ListProxy<int>>("seen").append(i);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  clients.clear();
  EXPECT_EQ(seen.size(), count);
}

}  // namespace
