// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C: a terminal sends SIGINT to the program and to all of its children at once.
#include <multiprocess/process.hpp>

#include <multiprocess/exit.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

/// What the processes of one program share, with each other and with the test.
struct Shared {
  mp::Queue<int> work = {};
  mp::Queue<int> answers = {};
  mp::Queue<int> parents = {};  // from each child, when it is where it should be interrupted
  mp::Lock lock = {};
};

void wait_in_get(const Shared& all) {
  all.parents.put(getppid());
  all.answers.put(all.work.get());
}

void hold_the_lock(const Shared& all) {
  const std::scoped_lock guard(all.lock);
  all.parents.put(getppid());
  mp::test::wait_to_be_killed();
}

void compute(const Shared& all) {
  all.parents.put(getppid());
  for (volatile bool go_on = true; go_on;) {
  }
}

template <void (*work)(const Shared&)>
void ignoring_interrupts(const Shared& all) {
  std::signal(SIGINT, SIG_IGN);
  work(all);
}

/// A program in a process group of its own, as a shell starts it. Its orphans become ours.
class Program {
 public:
  template <class Main>
  explicit Program(Main main) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    testing::internal::CaptureStderr();
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      mp::detail::stop_server();
      std::exit(main());
    }
    setpgid(pid_, pid_);
  }
  ~Program() {
    if (!ended_) {
      kill(-pid_, SIGKILL);
      wait();
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void interrupt() const { kill(-pid_, SIGINT); }
  void be_killed() const { kill(pid_, SIGKILL); }

  /// Until the whole group has ended: how each of them did (-signal, or the exit code).
  std::map<int, int> wait() {
    std::map<int, int> codes;
    int status = 0;
    for (int pid = 0; (pid = waitpid(-pid_, &status, 0)) > 0;) {
      codes[pid] = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    ended_ = true;
    EXPECT_EQ(kill(-pid_, 0), -1) << "somebody of the group lives on";
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    return codes;
  }

  /// Its own code; the end of all takes no longer.
  int end(std::chrono::seconds limit = 1s) {
    const auto begin = std::chrono::steady_clock::now();
    std::map<int, int> codes = wait();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, limit);
    return codes[pid_];
  }

 private:
  int pid_ = 0;
  bool ended_ = false;
};

class Interrupt : public mp::test::StartMethods {
 protected:
  using Targets = std::array<void (*)(const Shared&), 3>;
  static constexpr Targets usual{wait_in_get, hold_the_lock, compute};
  static constexpr Targets stubborn{ignoring_interrupts<wait_in_get>,
                                    ignoring_interrupts<hold_the_lock>,
                                    ignoring_interrupts<compute>};

  std::vector<mp::Process> start_all(const Targets& targets, bool daemon = false) const {
    std::vector<mp::Process> started;
    for (const auto target : targets) {
      started.push_back(mp::Process({.daemon = daemon, .start_method = GetParam()}, target, all_));
      started.back().start();
    }
    return started;
  }

  /// All children of the program are where they should be interrupted. Returns whose they are.
  int wait_for_children() const {
    const int parent = all_.parents.get(plenty);
    all_.parents.get(plenty);
    EXPECT_EQ(all_.parents.get(plenty), parent);
    return parent;
  }

  void expect_free_lock_of_a_dead_holder() const {
    EXPECT_TRUE(all_.lock.acquire(plenty));
    EXPECT_TRUE(all_.lock.owner_died());
    all_.lock.release();
  }

  const Shared all_{};
};
MULTIPROCESS_FOR_EACH_START_METHOD(Interrupt);

TEST_P(Interrupt, EndsTheProgramAndItsChildrenWithoutAWord) {
  for (const bool daemon : {false, true}) {
    Program program([&] {
      for (mp::Process& child : start_all(usual, daemon)) {
        child.join();
      }
      return 0;
    });
    wait_for_children();
    program.interrupt();
    EXPECT_EQ(program.end(), -SIGINT);
    expect_free_lock_of_a_dead_holder();
  }
}

TEST_P(Interrupt, OfAProgramThatWaitsInGetEndsItToo) {
  Program program([&] {
    const std::vector<mp::Process> children = start_all(usual);
    return all_.answers.get();
  });
  wait_for_children();
  program.interrupt();
  EXPECT_EQ(program.end(), -SIGINT);
}

TEST_P(Interrupt, ChildrenThatIgnoreItFollowTheProgram) {
  Program program([&] {
    start_all(stubborn).front().join();
    return 0;
  });
  wait_for_children();
  program.interrupt();
  EXPECT_EQ(program.end(), -SIGINT);
  expect_free_lock_of_a_dead_holder();
}

void handle_by_doing_nothing() {
  std::signal(SIGINT, [](int) {});
}
void handle_by_ending() {
  std::signal(SIGINT, [](int) { std::_Exit(130); });
}
void handle_as_before() {
  std::signal(SIGINT, SIG_DFL);
}

TEST_P(Interrupt, AProgramThatHandlesItSeesItsChildrenEnd) {
  Program program([&] {
    mp::after_fork(handle_as_before);
    handle_by_doing_nothing();
    int wrong = 0;
    for (mp::Process& child : start_all(usual)) {
      child.join(plenty);
      wrong += child.exitcode() == -SIGINT ? 0 : 1;
    }
    mp::Process next({.start_method = GetParam()}, wait_in_get, all_);
    next.start();
    next.join();
    return wrong;
  });
  const int parent = wait_for_children();
  program.interrupt();
  EXPECT_EQ(all_.parents.get(plenty), parent);  // the fork server, if there is one, lives on
  all_.work.put(1);
  EXPECT_EQ(program.end(), 0);
  expect_free_lock_of_a_dead_holder();
}

TEST_P(Interrupt, ACallGoesOnWhenTheHandlerReturns) {
  Program program([&] {
    handle_by_doing_nothing();
    mp::Process child({.start_method = GetParam()}, ignoring_interrupts<wait_in_get>, all_);
    child.start();
    const int answer = all_.answers.get();
    child.join();
    return answer;
  });
  all_.parents.get(plenty);
  program.interrupt();
  all_.work.put(42);
  EXPECT_EQ(program.end(), 42);
}

TEST_P(Interrupt, AHandlerMayEndTheProgram) {
  Program program([&] {
    handle_by_ending();
    start_all(usual).front().join();
    return 0;
  });
  wait_for_children();
  program.interrupt();
  EXPECT_EQ(program.end(), 130);
}

// ---- pools: their workers do not hear Ctrl-C, and follow the program

/// Is at work, for as long as nobody says that it is enough.
struct Labour {
  Shared all;

  int operator()(int item) const {
    all.parents.put(getpid());
    return item < 2 ? all.work.get() : item;
  }
};

class PoolInterrupt : public Interrupt {
 protected:
  void SetUp() override {
    for (const mp::Queue<int>* const queue : {&all_.parents, &all_.work}) {
      queue->put(0);  // from now on they have room
      queue->get();
    }
    mp::test::notice_deaths();  // of tests before this one
    before_ = mp::test::use_now();
  }

  int map() const {
    mp::PoolOptions options;
    options.processes = 2;
    options.start_method = GetParam();
    mp::Pool pool(options);
    const std::vector<int> results = pool.map(Labour{all_}, {0, 1, 2, 3}, {.chunksize = 1});
    return std::accumulate(results.begin(), results.end(), 0);
  }

  void wait_for_workers() const {
    all_.parents.get(plenty);
    all_.parents.get(plenty);
  }

  /// Of a program whose workers were left behind.
  void expect_nothing_left() const {
    mp::test::notice_deaths();
    EXPECT_EQ(mp::test::use_now(), before_);
  }

 private:
  mp::test::Use before_;
};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolInterrupt);

TEST_P(PoolInterrupt, EndsTheProgramDuringMapWithoutAWord) {
  Program program([&] { return map(); });
  wait_for_workers();
  program.interrupt();
  EXPECT_EQ(program.end(), -SIGINT);
  expect_nothing_left();
}

TEST_P(PoolInterrupt, AHandlerThatEndsTheProgramEndsItsWorkers) {
  Program program([&] {
    handle_by_ending();
    return map();
  });
  wait_for_workers();
  program.interrupt();
  EXPECT_EQ(program.end(), 130);
  expect_nothing_left();
}

TEST_P(PoolInterrupt, AMapGoesOnWhenTheHandlerReturns) {
  Program program([&] {
    handle_by_doing_nothing();
    return map();
  });
  wait_for_workers();
  program.interrupt();
  all_.work.put(10);
  all_.work.put(20);
  EXPECT_EQ(program.end(plenty), 35);
  expect_nothing_left();
}

TEST_P(PoolInterrupt, WorkersOfAKilledProgramEnd) {
  Program program([&] { return map(); });
  wait_for_workers();
  program.be_killed();
  EXPECT_EQ(program.end(), -SIGKILL);
  expect_nothing_left();
}

}  // namespace
