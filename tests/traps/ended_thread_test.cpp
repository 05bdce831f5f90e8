// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/queue.hpp>

#include "support/forked.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

// A claim to life that the kernel releases may be released when a thread ends: the one that first
// used the library, or the main thread. The process lives on, and so must what it holds.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

struct Board {
  std::atomic<std::uint64_t> ticket{0};
  std::atomic<int> step{0};

  void wait_for(int wanted) const {
    while (step < wanted) {
      std::this_thread::sleep_for(1ms);
    }
  }
};

bool is_held_for_good(const Lock& lock) {
  return !lock.acquire(300ms);  // longer than a waiter's look around takes
}

TEST(EndedThread, TheFirstToUseTheLibraryTakesNothingWithIt) {
  const Lock before;  // the arena is there
  const SharedPage<Board> board;
  const Lock lock;
  Forked child([&] {
    std::thread([&] {  // nobody in this child has used anything yet
      lock.acquire();
      board->ticket = detail::this_participant().word();
    })
        .join();
    board->step = 1;
    board->wait_for(2);
    lock.release();
  });
  board->wait_for(1);
  EXPECT_TRUE(is_held_for_good(lock));
  EXPECT_FALSE(detail::check_participant(detail::Ticket::from(board->ticket)));
  board->step = 2;
  EXPECT_TRUE(child.succeeds());
  EXPECT_TRUE(lock.acquire(0s));
  EXPECT_FALSE(lock.owner_died());
}

TEST(EndedThread, TheMainThreadMayEndBeforeTheOthers) {
  const SharedPage<Board> board;
  const Lock lock;
  Forked child([&] {
    std::thread([&] {
      lock.acquire();
      board->step = 1;
      board->wait_for(2);
      lock.release();
      _exit(0);
    }).detach();
    board->wait_for(1);
    syscall(SYS_exit, 0);  // this thread alone
  });
  board->wait_for(1);
  EXPECT_TRUE(is_held_for_good(lock));
  board->step = 2;
  EXPECT_TRUE(child.succeeds());
  EXPECT_TRUE(lock.acquire(0s));
  EXPECT_FALSE(lock.owner_died());
}

TEST(EndedThread, ALockIsNotFreedByTheEndOfItsHolder) {
  const Lock lock;
  std::thread([&] { lock.acquire(); }).join();
  std::thread([&] { EXPECT_TRUE(is_held_for_good(lock)); }).join();
  lock.release();
}

TEST(EndedThread, ThoseWhoWorkOnWhileTheProcessLeavesKeepWhatTheyHold) {
  const SharedPage<Board> board;
  const Lock lock;
  Forked child([&] {
    std::thread([&] {
      lock.acquire();
      board->step = 1;
      board->wait_for(3);
      _exit(0);
    }).detach();
    board->wait_for(1);
    detail::leave_participant();  // the last exit step, long before the process is gone
    board->step = 2;
    pause();
  });
  board->wait_for(2);
  EXPECT_TRUE(is_held_for_good(lock));
  board->step = 3;
  EXPECT_TRUE(child.succeeds());
  EXPECT_TRUE(lock.acquire(5s));
  EXPECT_TRUE(lock.owner_died());
}

}  // namespace
}  // namespace multiprocess::test
