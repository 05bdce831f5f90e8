// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/identity.hpp>

#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::Gate;

namespace {

TEST(Identity, AProgramHasAnImage) {
  EXPECT_NE(os::this_identity().image, 0U);
}

TEST(Identity, AForkKeepsTheImage) {
  const std::uint64_t image = os::this_identity().image;
  Child child([image] {
    EXPECT_EQ(os::this_identity().image, image);
    EXPECT_EQ(os::this_identity().pid, static_cast<std::uint32_t>(getpid()));
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Identity, AZombieHasEnded) {
  Child child([] { multiprocess::test::wait_to_be_killed(); });
  const os::Identity who = os::child_identity(child.pid());
  EXPECT_FALSE(os::has_ended(who));
  child.kill();
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(os::has_ended(who)) << "a zombie runs no more";
  EXPECT_EQ(child.wait(), -SIGKILL);
  EXPECT_TRUE(os::has_ended(who));
}

TEST(Identity, AStoppedProcessLives) {
  Child child([] { multiprocess::test::wait_to_be_killed(); });
  child.kill(SIGSTOP);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_FALSE(os::has_ended(os::child_identity(child.pid())));
}

TEST(Identity, AProgramThatReplacedItselfIsAnEnd) {
  Gate runs;
  Gate go_on;
  Child child([&] {
    runs.open();
    go_on.wait();
    execl("/bin/sleep", "sleep", "60", nullptr);
  });
  runs.wait();
  os::Identity who = os::child_identity(child.pid());
  EXPECT_EQ(who.image, 0U) << "not known to a parent";
  who.image = os::this_identity().image;
  EXPECT_FALSE(os::has_ended(who));
  go_on.open();
  while (!os::has_ended(who)) {
    std::this_thread::yield();
  }
}

TEST(Identity, AProcessLivesOnAfterItsMainThread) {
  if (multiprocess::test::under_thread_sanitizer) {
    GTEST_SKIP() << "who waits for a thread that ended without pthread_exit confuses the sanitizer";
  }
  Gate main_ends;
  Child child([&] {
    std::thread([&main_ends, main = pthread_self()] {
      pthread_join(main, nullptr);
      main_ends.open();
      multiprocess::test::wait_to_be_killed();
    }).detach();
    syscall(SYS_exit, 0);  // of this thread alone
  });
  main_ends.wait();
  EXPECT_FALSE(os::has_ended(os::child_identity(child.pid())));
}

TEST(Identity, AQuickLookSeesNoZombie) {
  Child child([] { multiprocess::test::wait_to_be_killed(); });
  const auto pid = static_cast<std::uint32_t>(child.pid());
  EXPECT_TRUE(os::runs(pid));
  child.kill();
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(os::runs(pid)) << "a zombie does not";
  child.wait();
  EXPECT_FALSE(os::runs(pid));
}

}  // namespace
