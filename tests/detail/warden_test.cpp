// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/warden.hpp>

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/word.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::Child;
using test::InArena;

/// A child that is a participant and waits to be killed.
class Watched {
 public:
  explicit Watched(OwnedLock* to_hold = nullptr) {
    test::Gate entered;
    child_ = std::make_unique<Child>([&] {
      enter_as(ticket_);
      this_participant();
      if (to_hold != nullptr) {
        to_hold->acquire();
      }
      entered.open();
      test::wait_to_be_killed();
    });
    name_participant(ticket_, child_->pid());
    process_.reset(syscall(SYS_pidfd_open, child_->pid(), 0));
    entered.wait();
  }
  ~Watched() {
    child_.reset();
    unwatch_child(ticket_);
    note_end(ticket_);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void watch() { watch_child(ticket_, process_.get()); }
  Ticket ticket() const { return ticket_; }
  void kill() { child_->kill(); }

 private:
  const Ticket ticket_ = reserve_participant(true);
  std::unique_ptr<Child> child_;
  os::Handle process_;
};

/// Nobody else looks around.
class Warden : public testing::Test {
 protected:
  Warden() { cures().backstop = false; }
  ~Warden() override {
    cures().backstop = true;
    test::until([] { return library_threads() == 0; });
  }
};

TEST_F(Warden, RunsNoThreadForOneChild) {
  Watched child;
  EXPECT_EQ(library_threads(), 0);
  child.watch();
  EXPECT_EQ(library_threads(), 0);
}

TEST_F(Warden, NoticesADeathAmongSeveralChildren) {
  Watched first;
  Watched second;
  first.watch();
  second.watch();
  EXPECT_EQ(library_threads(), 1);
  second.kill();
  test::until([&] { return is_over(second.ticket()); });
  EXPECT_FALSE(is_over(first.ticket()));
  first.kill();
  test::until([&] { return is_over(first.ticket()); });
}

TEST_F(Warden, NoticesTheDeathOfAnOnlyChildWhileSomebodySleeps) {
  InArena<OwnedLock> lock;
  Watched child(&*lock);
  child.watch();
  {
    const std::jthread sleeper([&] {
      EXPECT_EQ(lock->acquire(), Taken::from_dead);
      lock->release();
    });
    test::until([] { return library_threads() == 1; });
    child.kill();
  }
  EXPECT_TRUE(is_over(child.ticket()));
}

TEST_F(Warden, SeesChildrenThatComeLater) {
  Watched first;
  Watched second;
  first.watch();
  second.watch();
  Watched third;
  third.watch();
  third.kill();
  test::until([&] { return is_over(third.ticket()); });
}

TEST_F(Warden, EndsWithTheLastChild) {
  for (int i = 0; i < 5; ++i) {
    Watched first;
    Watched second;
    first.watch();
    second.watch();
    EXPECT_EQ(library_threads(), 1);
    if (i % 2 == 0) {
      first.kill();
      second.kill();
    }
    unwatch_child(first.ticket());
    unwatch_child(second.ticket());
    unwatch_child(second.ticket());
    test::until([] { return library_threads() == 0; });
  }
}

TEST_F(Warden, AForkedChildHasNone) {
  Watched first;
  Watched second;
  first.watch();
  second.watch();
  Child child([] {
    EXPECT_EQ(library_threads(), 0);
    this_participant();
    EXPECT_EQ(library_threads(), 0);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int number = 0; number < 256; ++number) {
    count += fcntl(number, F_GETFD) != -1 ? 1U : 0U;
  }
  return count;
}

TEST_F(Warden, AForkedChildInheritsNoneOfItsDescriptors) {
  Watched first;
  Watched second;
  const std::size_t before = open_descriptors();
  first.watch();
  second.watch();
  EXPECT_EQ(open_descriptors(), before + 4);
  Child child([before] { EXPECT_EQ(open_descriptors(), before); });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(open_descriptors(), before + 4);
  second.kill();
  test::until([&] { return is_over(second.ticket()); });
  test::notice_deaths();
}

TEST_F(Warden, GivesUpWhenItsDescriptorsAreClosed) {
  Child child([] {
    Watched first;
    Watched second;
    first.watch();
    second.watch();
    closefrom(3);
    std::vector<os::Handle> foreign;
    for (int i = 0; i < 30; ++i) {  // always readable
      foreign.emplace_back(open("/dev/null", O_RDONLY));
    }
    first.kill();
    test::until([] { return library_threads() == 0; });
    EXPECT_FALSE(is_over(second.ticket()));
    EXPECT_FALSE(watch_children_now()) << "who sleeps is to look around by itself";
    for (const os::Handle& each : foreign) {
      EXPECT_NE(fcntl(static_cast<int>(each.get()), F_GETFD), -1);
    }
    second.kill();
    os::end_process(testing::Test::HasFailure() ? 1 : 0);  // the handles mean nothing any more
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST_F(Warden, ThreadsWatchAtOnce) {
  test::in_threads(4, [](int) {
    for (int i = 0; i < 10; ++i) {
      const Ticket ticket = reserve_participant(false);
      Child child([ticket] { enter_as(ticket); });
      name_participant(ticket, child.pid());
      const os::Handle process(syscall(SYS_pidfd_open, child.pid(), 0));
      watch_child(ticket, process.get());
      watch_children_now();
      test::until([ticket] { return is_over(ticket); });
      EXPECT_EQ(child.wait(), 0);
    }
  });
}

struct Counter final : EndListener {
  std::atomic<int> ends{0};

  Counter() { listen_for_ends(*this); }
  ~Counter() { stop_listening(*this); }
  void child_ended() noexcept override { ++ends; }
};

TEST_F(Warden, TellsListenersOfEachEnd) {
  const Counter counter;
  {
    Watched first;
    Watched second;
    first.watch();
    second.watch();
    first.kill();
    test::until([&] { return counter.ends == 1; });
    second.kill();
    test::until([&] { return counter.ends == 2; });
    const Counter late;
    EXPECT_EQ(late.ends, 0);
  }
}

TEST_F(Warden, TellsListenersOfWhoNeverUsedTheArena) {
  const Counter counter;
  const Ticket ticket = reserve_participant(true);
  Child child([] {});
  name_participant(ticket, child.pid());
  const os::Handle process(syscall(SYS_pidfd_open, child.pid(), 0));
  watch_child(ticket, process.get());
  watch_children_now();
  test::until([&] { return counter.ends == 1; });
}

}  // namespace
}  // namespace multiprocess::detail
