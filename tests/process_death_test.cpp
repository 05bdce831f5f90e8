// SPDX-License-Identifier: BSD-3-Clause
// What happens when a parent is killed, when the system refuses, when the user does odd things.
#include <multiprocess/context.hpp>
#include <multiprocess/process.hpp>

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

using Numbers = mp::Queue<int>;

class ProcessDeath : public mp::test::StartMethods {
 protected:
  Numbers numbers_;
};
MULTIPROCESS_FOR_EACH_START_METHOD(ProcessDeath);

/// Of any process, as long as it has not been reaped.
os::Handle sentinel_of(int pid) {
  return os::Handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

void spin(Numbers out) {
  out.put(mp::current_process().pid());
  for (volatile bool on = true; on;) {
  }
}

void start_spinning(Numbers out, bool outlive) {
  mp::ProcessOptions options;
  options.outlive_parent = outlive;
  for (int i = 0; i < 2; ++i) {
    mp::Process(options, spin, out).start();
  }
  pause();
}

TEST_P(ProcessDeath, ChildrenOfAKilledParentEnd) {
  mp::Process parent = start(start_spinning, numbers_, false);
  const os::Handle first = sentinel_of(numbers_.get(plenty));
  const os::Handle second = sentinel_of(numbers_.get(plenty));
  parent.kill();
  parent.join();
  const auto deadline = mp::Timeout(1s).deadline();
  EXPECT_TRUE(os::wait_ended(first.get(), deadline));
  EXPECT_TRUE(os::wait_ended(second.get(), deadline));
}

TEST_P(ProcessDeath, UnlessTheyAreToOutliveIt) {
  mp::Process parent = start(start_spinning, numbers_, true);
  const os::Handle first = sentinel_of(numbers_.get(plenty));
  const os::Handle second = sentinel_of(numbers_.get(plenty));
  parent.kill();
  parent.join();
  EXPECT_FALSE(os::wait_ended(first.get(), mp::Timeout(50ms).deadline()));
  for (const os::Handle* child : {&first, &second}) {
    os::send_signal(child->get(), os::Signal::kill);
    EXPECT_TRUE(os::wait_ended(child->get(), mp::Timeout(plenty).deadline()));
  }
}

TEST_P(ProcessDeath, TheDeathOfAChildLeavesItsSiblingsAlone) {
  mp::Process victim = start(spin, numbers_);
  mp::Process sibling = start(spin, numbers_);
  numbers_.get(plenty);
  numbers_.get(plenty);
  victim.kill();
  victim.join();
  EXPECT_FALSE(sibling.join(50ms));
  sibling.kill();
  sibling.join();
}

TEST_P(ProcessDeath, TheEndOfTheStartingThreadIsNotTheParents) {
  mp::Process child = process(spin, numbers_);
  std::thread([&] { child.start(); }).join();
  numbers_.get(plenty);
  EXPECT_FALSE(child.join(50ms));
  child.terminate();
  EXPECT_TRUE(child.join(plenty));
  EXPECT_EQ(child.exitcode(), -SIGTERM);
}

TEST_P(ProcessDeath, AChildKnowsWhetherItsParentLives) {
  mp::Process parent = start(
      [](Numbers out) {
        mp::ProcessOptions options;
        options.outlive_parent = true;
        mp::Process child(
            options,
            [](Numbers to) {
              const mp::ParentProcess mother = *mp::parent_process();
              to.put(mother.is_alive() ? mother.pid() : 0);
              to.put(mother.join(plenty) && !mother.is_alive() ? 1 : 0);
            },
            out);
        child.start();
        pause();
      },
      numbers_);
  EXPECT_EQ(numbers_.get(plenty), parent.pid());
  parent.kill();
  parent.join();
  EXPECT_EQ(numbers_.get(plenty), 1);
}

TEST_P(ProcessDeath, WhereChildrenAreIgnoredTheExitCodeMayBeUnknown) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  mp::Process returned = start([] {});
  EXPECT_TRUE(returned.join(plenty));
  mp::Process killed = start([] { raise(SIGKILL); });
  EXPECT_TRUE(killed.join(plenty));
  std::signal(SIGCHLD, before);
  EXPECT_TRUE(returned.exitcode());
  EXPECT_NE(killed.exitcode(), 0);
}

/// Takes all descriptor numbers but `spare`.
class NoDescriptors {
 public:
  explicit NoDescriptors(rlim_t spare) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(STDIN_FILENO);
    close(next);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(next) + spare;
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_P(ProcessDeath, WithoutDescriptorsTheStartThrowsAndLeavesNothing) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer opens a pipe to see whether an object is of its type";
  }
  mp::Process warm = start([] {});
  warm.join();
  warm.close();
  int refused = 0;
  for (rlim_t spare = 0; spare < 12; ++spare) {
    mp::Process p = process([] {});
    {
      const NoDescriptors none(spare);
      try {
        p.start();
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::too_many_files_open);
        ++refused;
      }
    }
    if (p.pid() == 0) {
      p.start();
    }
    EXPECT_TRUE(p.join(plenty));
    EXPECT_EQ(p.exitcode(), 0);
  }
  EXPECT_GT(refused, 0);
}

/// In a child that may start no process any more, as nobody: root is not held to the limit.
int start_refused(mp::StartMethod method) {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_NPROC, &none) != 0 || setuid(65534) != 0) {
    return 2;
  }
  mp::ProcessOptions options;
  options.start_method = method;
  for (int i = 0; i < 5; ++i) {
    try {
      mp::Process(options, [] {}).start();
      return 3;
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::resource_unavailable_try_again) {
        return 4;
      }
    }
  }
  return mp::active_children().empty() ? 0 : 5;
}

TEST_P(ProcessDeath, AForkThatFailsIsAnExceptionOfTheStart) {
  if (getuid() != 0 || GetParam() == mp::StartMethod::forkserver) {
    GTEST_SKIP() << "needs root, and a parent that forks";
  }
  mp::Process p(mp::fork_only([method = GetParam()] { mp::exit(start_refused(method)); }));
  p.start();
  p.join();
  EXPECT_EQ(p.exitcode(), 0);
}

TEST(ProcessStart, AProgramThatCannotRunIsAnExceptionOfTheStart) {
  mp::set_executable("/no/such/program");
  mp::Process p({.start_method = mp::StartMethod::spawn}, [] {});
  try {
    p.start();
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("/no/such/program"), std::string::npos);
  }
  mp::set_executable("");
  p.start();
  EXPECT_TRUE(p.join(plenty));
}

TEST(ProcessStart, ADeadForkServerIsReplaced) {
  const mp::ProcessOptions options{.start_method = mp::StartMethod::forkserver};
  Numbers numbers;
  mp::Process asked(
      options,
      [](Numbers out) {
        out.put(getppid());
        pause();
      },
      numbers);
  asked.start();
  kill(numbers.get(plenty), SIGKILL);
  mp::Process next(
      options, [](Numbers out) { out.put(getppid()); }, numbers);
  next.start();
  EXPECT_GT(numbers.get(plenty), 0);
  EXPECT_TRUE(next.join(plenty));
  EXPECT_EQ(next.exitcode(), 0);
  asked.kill();
  EXPECT_TRUE(asked.join(plenty));
  EXPECT_EQ(asked.exitcode(), 255);
  mp::detail::stop_server();
}

TEST(ProcessStart, APlainForkHasNoChildrenOfOurs) {
  mp::Process p([] { pause(); });
  p.start();
  const int pid = fork();
  if (pid == 0) {
    bool right = mp::active_children().empty();
    try {
      p.join();
      right = false;
    } catch (const mp::AssertionError&) {
    }
    mp::Process own([] { mp::exit(9); });
    own.start();
    own.join();
    _exit(right && own.exitcode() == 9 ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  p.kill();
  EXPECT_TRUE(p.join(plenty));
}

}  // namespace
