// SPDX-License-Identifier: BSD-3-Clause
// What can happen to processes where there are signals, limits and forks.
#include <multiprocess/process.hpp>

#include <multiprocess/context.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>

#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <optional>
#include <string_view>
#include <system_error>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

using Numbers = mp::Queue<int>;

class ProcessDeath : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ProcessDeath);

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

/// What could not be done, and then why.
bool says(const std::exception& error, std::string_view why) {
  const std::string_view text = error.what();
  return text.ends_with(why) && text.size() > why.size();
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
  const mp::Event done;
  mp::Process other = start([done] { done.wait(); });  // with a second one the warden comes
  int refused = 0;
  for (rlim_t spare = 0; spare < 12; ++spare) {
    mp::Process p = process([] {});
    {
      const NoDescriptors none(spare);
      try {
        p.start();
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::too_many_files_open);
        EXPECT_TRUE(says(error, ": Too many open files")) << error.what();
        EXPECT_EQ(mp::active_children().size(), 1U);
        EXPECT_EQ(p.pid(), 0);
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
  done.set();
  EXPECT_TRUE(other.join(plenty));
}

TEST_P(ProcessDeath, WithoutDescriptorsPoolsAndManagersLeaveNothing) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer opens a pipe to see whether an object is of its type";
  }
  mp::set_start_method(GetParam(), true);
  int refused = 0;
  for (rlim_t spare = 0; spare < 20; ++spare) {
    try {
      const NoDescriptors none(spare);
      mp::Pool pool(2);
      EXPECT_EQ(pool.apply([] { return 7; }), 7);
    } catch (const std::exception& error) {
      EXPECT_TRUE(says(error, ": Too many open files")) << error.what();
      ++refused;
    }
    EXPECT_TRUE(mp::active_children().empty()) << "pool, " << spare;
    try {
      const NoDescriptors none(spare);
      mp::SyncManager manager = mp::Manager();
      EXPECT_EQ(manager.list<int>({7}).size(), 1U);
    } catch (const std::exception& error) {
      EXPECT_TRUE(says(error, ": Too many open files")) << error.what();
      ++refused;
    }
    EXPECT_TRUE(mp::active_children().empty()) << "manager, " << spare;
  }
  EXPECT_GT(refused, 0);
  mp::set_start_method(std::nullopt, true);
}

enum Verdict { right, not_tried, started, wrong_code, wrong_text, left_one };

/// Where one runs as nobody, who may start no process any more: root is not held to the limit.
Verdict start_refused(mp::StartMethod method) {
  if (setuid(65534) != 0) {
    return not_tried;
  }
  mp::ProcessOptions options;
  options.start_method = method;
  int who_forks = getpid();
  if (method == mp::StartMethod::forkserver) {  // it may no more, and not its clients
    Numbers numbers;
    mp::Process first(
        options, [](Numbers out) { out.put(getppid()); }, numbers);
    first.start();
    who_forks = numbers.get(plenty);
    first.join();
  }
  const rlimit none{0, 0};
  if (prlimit(who_forks, RLIMIT_NPROC, &none, nullptr) != 0) {
    return not_tried;
  }
  for (int i = 0; i < 5; ++i) {
    try {
      mp::Process process(options, [] {});
      process.start();
      process.join();
      if (method != mp::StartMethod::forkserver || i != 0) {  // whose spare child was forked before
        return started;
      }
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::resource_unavailable_try_again) {
        return wrong_code;
      }
      const std::string_view what = method == mp::StartMethod::fork ? "fork"
                                    : method == mp::StartMethod::spawn
                                        ? "cannot start the program"
                                        : "the fork server cannot fork";
      if (!std::string_view(error.what()).starts_with(what) ||
          !says(error, ": Resource temporarily unavailable")) {
        return wrong_text;
      }
    }
  }
  return mp::active_children().empty() ? right : left_one;
}

TEST_P(ProcessDeath, AForkThatFailsIsAnExceptionOfTheStart) {
  if (getuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  mp::Process p(mp::fork_only([method = GetParam()] { mp::exit(start_refused(method)); }));
  p.start();
  p.join();
  EXPECT_EQ(p.exitcode(), right);
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
