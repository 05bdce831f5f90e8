// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/forkserver.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace detail = multiprocess::detail;
namespace fs = std::filesystem;
using mp::test::plenty;

namespace {

class ForkServer : public testing::Test {
 protected:
  void TearDown() override { detail::stop_server(); }

  template <class F, class... Args>
  mp::Process start(F f, Args... args) const {
    mp::Process p({.start_method = mp::StartMethod::forkserver}, f, args...);
    p.start();
    return p;
  }

  /// In good time. It is nobody's child here: there is nothing to wait on.
  static bool ends(int pid) {
    const auto runs = [pid] { return fs::exists("/proc/" + std::to_string(pid) + "/exe"); };
    const auto deadline = mp::Timeout(plenty).deadline();
    while (runs() && detail::os::Deadline::clock::now() < deadline) {
      usleep(1000);
    }
    return !runs();
  }

  mp::Queue<int> numbers_;
};

void tell_parent(mp::Queue<int> out) {
  out.put(getppid());
}

TEST_F(ForkServer, OneServesThemAllAndTheirChildrenToo) {
  mp::Process first = start(tell_parent, numbers_);
  mp::Process second = start(
      [](mp::Queue<int> out) {
        mp::Process child(tell_parent, out);
        child.start();
        child.join();
      },
      numbers_);
  const int server = numbers_.get(plenty);
  EXPECT_NE(server, getpid());
  EXPECT_EQ(numbers_.get(plenty), server);
  EXPECT_TRUE(first.join(plenty));
  EXPECT_TRUE(second.join(plenty));
}

TEST_F(ForkServer, EndsWithTheLastOfThoseWhoCouldAsk) {
  mp::Process owner(
      mp::ProcessOptions{.start_method = mp::StartMethod::fork},
      [](mp::Queue<int> out) {
        detail::stop_server();  // a copy of ours, if there is one
        mp::Process child({.start_method = mp::StartMethod::forkserver}, tell_parent, out);
        child.start();
        child.join();
      },
      numbers_);
  owner.start();
  const int server = numbers_.get(plenty);
  EXPECT_TRUE(owner.join(plenty));
  EXPECT_TRUE(ends(server));
}

TEST_F(ForkServer, ItsChildrenRunWhereTheirParentIs) {
  mp::Process warm = start([] {});
  warm.join();
  const fs::path before = fs::current_path();
  fs::current_path("/usr");
  mp::Queue<std::string> words;
  mp::Process p =
      start([](mp::Queue<std::string> out) { out.put(fs::current_path().string()); }, words);
  fs::current_path(before);
  EXPECT_EQ(words.get(plenty), "/usr");
  EXPECT_TRUE(p.join(plenty));
}

TEST_F(ForkServer, IgnoresInterruptsButItsChildrenDoNot) {
  mp::Process p = start(
      [](mp::Queue<int> out) {
        out.put(getppid());
        pause();
      },
      numbers_);
  kill(numbers_.get(plenty), SIGINT);
  p.interrupt();
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), -SIGINT);
  mp::Process next = start([] {});
  EXPECT_TRUE(next.join(plenty));
  EXPECT_EQ(next.exitcode(), 0);
}

TEST_F(ForkServer, ItsChildrenIgnoreInterruptsIfTheProgramDidWhenItWasStarted) {
  const auto before = std::signal(SIGINT, SIG_IGN);  // as nohup does
  mp::Process p = start(
      [](mp::Queue<int> out) {
        raise(SIGINT);
        out.put(1);
      },
      numbers_);
  std::signal(SIGINT, before);
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
  EXPECT_EQ(numbers_.try_get(), 1);
}

TEST_F(ForkServer, TooManyDescriptorsAreAValueError) {
  const std::vector<detail::os::NativeHandle> many(252, STDIN_FILENO);
  try {
    detail::start_from_server({.ticket = {}, .descriptors = many});
    FAIL();
  } catch (const mp::ValueError& error) {
    EXPECT_STREQ(error.what(), "too many fds");
  }
}

/// Which is forked in advance.
class SpareChild : public ForkServer {
 protected:
  SpareChild() {
    mp::Process first = start(tell_parent, numbers_);
    server_ = numbers_.get(plenty);
    first.join(plenty);
  }

  std::vector<int> children_of_server() const {
    const std::string pid = std::to_string(server_);
    std::ifstream list("/proc/" + pid + "/task/" + pid + "/children");
    return {std::istream_iterator<int>(list), {}};
  }
  static bool is_spare(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    return file >> name && name == "mp-spare";
  }
  /// Once it is there.
  int spare() const {
    const auto deadline = mp::Timeout(plenty).deadline();
    while (detail::os::Deadline::clock::now() < deadline) {
      for (const int child : children_of_server()) {
        if (is_spare(child)) {
          return child;
        }
      }
      usleep(1000);
    }
    return 0;
  }
  /// Which process it ran in.
  int run_another() {
    mp::Process next = start([](mp::Queue<int> out) { out.put(getpid()); }, numbers_);
    EXPECT_TRUE(next.join(plenty));
    EXPECT_EQ(next.exitcode(), 0);
    return numbers_.get(plenty);
  }

  int server_ = 0;
};

TEST_F(SpareChild, IsTheNextOne) {
  for (int i = 0; i < 3; ++i) {
    const int next = spare();
    EXPECT_EQ(run_another(), next);
  }
}

TEST_F(SpareChild, IsReplacedWhenItIsKilledAndTheOthersAreNotConcerned) {
  mp::Queue<int> gate;
  mp::Process other = start([](mp::Queue<int> in) { mp::exit(in.get()); }, gate);
  const int killed = spare();
  kill(killed, SIGKILL);
  EXPECT_NE(run_another(), killed);
  gate.put(5);
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 5);
}

TEST_F(SpareChild, HasNothingOfTheServers) {
  const auto count = [](mp::Queue<int> out) {
    out.put(static_cast<int>(
        std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator())));
  };
  std::vector<int> counts;
  for (int i = 0; i < 4; ++i) {
    spare();
    mp::Process child = start(count, numbers_);
    EXPECT_TRUE(child.join(plenty));
    counts.push_back(numbers_.get(plenty));
  }
  EXPECT_EQ(counts, std::vector<int>(4, counts[0]));
}

TEST_F(SpareChild, WasNotMeantByAnInterruptThatCameBefore) {
  const int next = spare();
  kill(next, SIGINT);
  EXPECT_EQ(run_another(), next);
}

TEST_F(SpareChild, EndsWithTheServer) {
  const int left = spare();
  kill(server_, SIGKILL);
  EXPECT_TRUE(ends(left));
  run_another();
}

TEST_F(SpareChild, KilledAtAnyMomentLeavesAChildThatRanOrWasKilledItself) {
  std::jthread killer([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      for (const int child : children_of_server()) {
        if (is_spare(child)) {
          kill(child, SIGKILL);
        }
      }
      std::this_thread::yield();
    }
  });
  int killed = 0;
  for (int i = 0; i < 200; ++i) {
    mp::Process child = start([] {});
    EXPECT_TRUE(child.join(plenty));
    if (child.exitcode() != 0) {
      EXPECT_EQ(child.exitcode(), -SIGKILL);
      ++killed;
    }
  }
  killer = {};
  EXPECT_LT(killed, 200);
  run_another();
  mp::Process told = start(tell_parent, numbers_);
  EXPECT_TRUE(told.join(plenty));
  EXPECT_EQ(numbers_.get(plenty), server_) << "nobody had to start another server";
}

/// It is a copy of the process as it was when the pool was made, and so are those that it forks.
TEST(ForkTemplate, WhoReplacesADeadWorkerKeepsNothingThatCameAfterIt) {
  mp::Pool pool(1);
  detail::Offset place = 0;
  {
    const auto later = detail::publish_object(detail::allocate(64), detail::ObjectType::plain);
    place = later.offset();
    EXPECT_THROW(pool.apply([] { std::raise(SIGKILL); }), mp::WorkerDied);
    EXPECT_NO_THROW(pool.apply([] {})) << "in a new worker";
  }
  EXPECT_FALSE(detail::find_reference(place));
}

}  // namespace
