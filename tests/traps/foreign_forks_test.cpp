// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/pool.hpp>

#include "support/arena_use.hpp"
#include "support/forked.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// Children that this library did not start, by whatever fork there is: _Fork and clone run no
// handlers of pthread_atfork.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

using Fork = pid_t (*)();

pid_t raw_clone() {
  return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

struct Way {
  const char* name;
  Fork fork;
};

class ForeignForks : public testing::TestWithParam<Way> {
 protected:
  template <class F>
  Forked child(F run) const {
    return Forked(GetParam().fork(), std::move(run));
  }

  const detail::Ticket parent_ = detail::this_participant();
};

TEST_P(ForeignForks, AChildIsAParticipantOfItsOwn) {
  const Queue<std::uint64_t> queue;
  EXPECT_TRUE(child([&] { queue.put(detail::this_participant().word()); }).succeeds());
  const std::uint64_t ticket = queue.get(5s);
  EXPECT_NE(ticket, parent_.word());
  EXPECT_EQ(detail::this_participant(), parent_);
}

TEST_P(ForeignForks, InheritedHandlesWork) {
  const Lock lock;
  const Queue<std::string> requests;
  const Queue<std::string> answers;
  lock.acquire();
  Forked echo = child([&] {
    lock.acquire();
    answers.put(requests.get() + "!");
    lock.release();
  });
  requests.put(std::string(100, 'x'));
  EXPECT_FALSE(answers.try_get(50ms)) << "a fork does not double its parent's lock";
  lock.release();
  EXPECT_EQ(answers.get(5s), std::string(100, 'x') + "!");
  EXPECT_TRUE(echo.succeeds());
}

std::string word_after(const Event& go, int number) {
  go.wait();
  return std::string(100, 'x') + std::to_string(number);
}

template <class Use>
void expect_refusal(Use use) {
  EXPECT_THROW(use(), RuntimeError);
}

TEST_P(ForeignForks, APoolOfTheParentIsOfNoUse) {
  Pool pool(2);
  const Event go;
  const auto pending = pool.apply_async(word_after, go, 1);
  std::optional range(pool.imap([go](int i) { return word_after(go, i); }, {2, 3, 4}));
  Forked copy = child([&] {
    expect_refusal([&] { pool.apply(word_after, go, 5); });
    expect_refusal([&] { pending.get(); });
    expect_refusal([&] { pending.wait(1ms); });
    expect_refusal([&] { pending.fileno(); });
    expect_refusal([&] { pending.cancel(); });
    expect_refusal([&] { pending.on_result([](const std::string&) {}); });
    expect_refusal([&] { range->next(1ms); });
    range.reset();
    pool.close();
    expect_refusal([&] { pool.join(); });
    pool.terminate();
  });
  EXPECT_TRUE(copy.succeeds());
  go.set();
  EXPECT_EQ(pending.get(5s).back(), '1');
  EXPECT_EQ(range->next(5s).value().back(), '2');
  EXPECT_EQ(range->next(5s).value().back(), '3');
  EXPECT_EQ(range->next(5s).value().back(), '4');
  EXPECT_EQ(pool.apply(word_after, go, 5).back(), '5');
}

TEST_P(ForeignForks, WhatAChildTakesStaysWhenTheParentDropsIts) {
  const Queue<Queue<int>> hand_over;
  const Queue<int> ready;
  {
    const Queue<int> inner;
    hand_over.put(inner);
  }
  Forked owner = child([&] {
    const Queue<int> inner = hand_over.get();
    ready.put(1);
    inner.put(inner.get() + 1);
    hand_over.put(inner);
  });
  ready.get(5s);
  EXPECT_EQ(hand_over.qsize(), 0);
  owner.kill();  // and what it held goes with it
  EXPECT_TRUE(child([&] {
                const std::vector<Lock> others(100);
                hand_over.put(Queue<int>());
              }).succeeds());
  EXPECT_EQ(hand_over.get(5s).qsize(), 0);
}

TEST_P(ForeignForks, AKilledChildIsNoticed) {
  const Lock lock;
  const Queue<int> queue;
  Forked holder = child([&] {
    lock.acquire();
    queue.put(1);
    pause();
  });
  queue.get(5s);
  EXPECT_FALSE(lock.acquire(100ms));
  holder.kill();
  EXPECT_TRUE(lock.acquire(5s));
  EXPECT_TRUE(lock.owner_died());
}

TEST_P(ForeignForks, GrandchildrenToo) {
  const Queue<int> queue;
  const Fork fork = GetParam().fork;
  EXPECT_TRUE(child([&] {
                const Lock own;
                Forked grandchild(fork(), [&] {
                  own.acquire();
                  queue.put(1);
                });
                if (!grandchild.succeeds() || !own.acquire(5s) || !own.owner_died()) {
                  _exit(2);
                }
              }).succeeds());
  EXPECT_EQ(queue.try_get(), 1);
}

constexpr const char* key = "the key of the test";

SyncManager connected(const SyncManager& server) {
  SyncManager client(server.address(), key);
  client.connect();
  return client;
}

TEST_P(ForeignForks, ConnectionsWithAManagerAreTheParents) {
  for (const Address& place : {Address(), Address("127.0.0.1", 0)}) {
    SyncManager server(ManagerOptions{.address = place, .authkey = key});
    server.start();
    const auto lock = server.Lock();
    server.publish("lock", lock);
    const SyncManager client = connected(server);
    const auto same = client.lookup<AcquirerProxy>("lock");
    const auto list = client.list<int>({7});
    same.acquire();
    EXPECT_TRUE(child([&] {
                  if (list.get(0) != 7 || !same.locked() || same.acquire(false)) {
                    _exit(2);
                  }
                }).succeeds());
    notice_deaths();  // what it had of the proxies goes with it
    EXPECT_EQ(list.get(0), 7);
    EXPECT_TRUE(lock.locked());
    same.release();
    EXPECT_FALSE(lock.locked());
  }
}

TEST_P(ForeignForks, AChildSaysNoGoodbyeForItsParent) {
  SyncManager server(ManagerOptions{.authkey = key});
  server.start();
  const auto units = server.Semaphore(1);
  server.publish("units", units);
  const Event said;
  Forked parent([&] {
    std::optional client(connected(server));
    client->lookup<AcquirerProxy>("units").acquire();
    Forked(GetParam().fork(), [&] { client.reset(); }).wait();
    said.set();
    pause();
  });
  ASSERT_TRUE(said.wait(5s));
  EXPECT_EQ(units.get_value(), 0);
  parent.kill();
  EXPECT_TRUE(units.acquire(5s)) << "it comes back from the killed";
}

INSTANTIATE_TEST_SUITE_P(Way, ForeignForks,
                         testing::Values(Way{"Fork", &::fork}, Way{"ForkWithoutHandlers", &_Fork},
                                         Way{"Clone", &raw_clone}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace multiprocess::test
