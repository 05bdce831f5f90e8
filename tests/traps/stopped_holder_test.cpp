// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/queue.hpp>

#include "support/forked.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>

// Stopped is not dead: by a shell's Ctrl-Z, a debugger, a frozen container.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

void stop(const Forked& process) {
  kill(process.pid(), SIGSTOP);
  int status = 0;
  waitpid(process.pid(), &status, WUNTRACED);
}

TEST(StoppedHolder, IsNotRobbedAndReleasesLater) {
  const Lock lock;
  const Queue<int> taken;
  const Queue<int> go_on;
  Forked holder([&] {
    lock.acquire();
    taken.put(1);
    go_on.get();
    lock.release();
  });
  taken.get(5s);
  stop(holder);
  EXPECT_FALSE(lock.acquire(300ms));  // several looks at whether it lives
  detail::check_everybody();
  EXPECT_FALSE(lock.acquire(0s));
  go_on.put(1);
  kill(holder.pid(), SIGCONT);
  EXPECT_TRUE(lock.acquire(5s));
  EXPECT_FALSE(lock.owner_died());
  EXPECT_TRUE(holder.succeeds());
}

TEST(StoppedHolder, KilledWhileItIsStoppedIsDead) {
  const Lock lock;
  const Queue<int> taken;
  Forked holder([&] {
    lock.acquire();
    taken.put(1);
    pause();
  });
  taken.get(5s);
  stop(holder);
  EXPECT_FALSE(lock.acquire(100ms));
  holder.kill();
  EXPECT_TRUE(lock.acquire(5s));
  EXPECT_TRUE(lock.owner_died());
}

TEST(StoppedHolder, AStoppedGetterTakesItsItemWhenItGoesOn) {
  const Queue<int> queue;
  const Queue<int> got;
  Forked getter([&] { got.put(queue.get()); });
  stop(getter);
  queue.put(7);
  EXPECT_FALSE(got.try_get(100ms));
  kill(getter.pid(), SIGCONT);
  EXPECT_EQ(got.get(5s), 7);
  EXPECT_TRUE(getter.succeeds());
}

}  // namespace
}  // namespace multiprocess::test
