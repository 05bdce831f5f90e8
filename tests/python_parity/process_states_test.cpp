// SPDX-License-Identifier: BSD-3-Clause
// Which call is allowed in which state of a process: python_parity/table.md, 2.1.01 to 2.1.38.
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/multiprocess.hpp>

#include "python_parity/throws.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

using Release = mp::Queue<int>;

void wait_for(const Release& release) {
  release.get(20s);
}

class ProcessStates : public mp::test::StartMethods {
 protected:
  /// A child that runs until release() was called.
  mp::Process waiting() { return process(wait_for, release_); }
  void release() { release_.put(1); }

 private:
  Release release_;
};

TEST_P(ProcessStates, BeforeStart) {
  mp::Process p = waiting();
  EXPECT_THROW(p.join(), mp::AssertionError);
  EXPECT_FALSE(p.is_alive());
  EXPECT_EQ(p.exitcode(), std::nullopt);
  EXPECT_EQ(p.pid(), 0);
  EXPECT_EQ(p.ident(), 0);
  EXPECT_THROW(p.sentinel(), mp::ValueError);
  EXPECT_THROW(p.terminate(), mp::ValueError);
  EXPECT_THROW(p.kill(), mp::ValueError);
  EXPECT_THROW(p.interrupt(), mp::ValueError);
}

TEST_P(ProcessStates, WhileRunning) {
  mp::Process p = waiting();
  p.start();
  EXPECT_THROW(p.start(), mp::AssertionError);
  EXPECT_FALSE(p.join(0s));
  EXPECT_FALSE(p.join(-1s));
  EXPECT_FALSE(p.join(20ms));
  EXPECT_TRUE(p.is_alive());
  EXPECT_EQ(p.exitcode(), std::nullopt);
  EXPECT_GT(p.pid(), 0);
  EXPECT_EQ(p.ident(), p.pid());
  EXPECT_NO_THROW(p.sentinel());
  EXPECT_THROW(p.close(), mp::ValueError);
  EXPECT_THROW(p.set_daemon(true), mp::AssertionError);
  release();
  EXPECT_TRUE(p.join(20s));
}

TEST_P(ProcessStates, AfterTheEnd) {
  mp::Process p = waiting();
  p.start();
  const int pid = p.pid();
  release();
  ASSERT_TRUE(p.join(20s));
  EXPECT_TRUE(p.join());
  EXPECT_THROW(p.start(), mp::AssertionError);
  EXPECT_FALSE(p.is_alive());
  EXPECT_EQ(p.exitcode(), 0);
  EXPECT_EQ(p.pid(), pid);
  EXPECT_NO_THROW(p.sentinel());
  EXPECT_NO_THROW(p.terminate());
  EXPECT_NO_THROW(p.kill());
  EXPECT_NO_THROW(p.interrupt());
  EXPECT_THROW(p.set_daemon(true), mp::AssertionError);
}

TEST_P(ProcessStates, Closed) {
  mp::Process never = waiting();
  EXPECT_NO_THROW(never.close());
  mp::Process p = waiting();
  p.start();
  release();
  ASSERT_TRUE(p.join(20s));
  p.close();
  EXPECT_NO_THROW(p.close());
  EXPECT_THROW(p.start(), mp::ValueError);
  EXPECT_THROW(p.join(), mp::ValueError);
  EXPECT_THROW(p.is_alive(), mp::ValueError);
  EXPECT_THROW(p.exitcode(), mp::ValueError);
  EXPECT_THROW(p.pid(), mp::ValueError);
  EXPECT_THROW(p.sentinel(), mp::ValueError);
  EXPECT_THROW(p.terminate(), mp::ValueError);
  EXPECT_THROW(p.kill(), mp::ValueError);
  EXPECT_THROW(p.interrupt(), mp::ValueError);
  EXPECT_EQ(fmt::format("{}", p), fmt::format("<Process name='{}' parent={} closed>", p.name(),
                                              mp::current_process().pid()));
}

TEST_P(ProcessStates, NameAndKeyMayBeSetAtAnyTime) {
  mp::Queue<std::string> names;
  Release go;
  mp::Process p = process([names, go] {
    go.get(20s);
    names.put(mp::current_process().name());
  });
  p.set_name("before");
  p.set_authkey("a key");
  p.start();
  p.set_name("while it runs");
  p.set_authkey("another key");
  go.put(1);
  EXPECT_EQ(names.get(20s), "before");
  ASSERT_TRUE(p.join(20s));
  p.set_name("after");
  EXPECT_EQ(p.name(), "after");
  const mp::AuthenticationString key = p.authkey();
  EXPECT_TRUE(std::ranges::equal(key, mp::Key("another key").bytes()));
}

TEST_P(ProcessStates, ReprSaysTheState) {
  mp::Process p = waiting();
  p.set_name("it");
  p.set_daemon(true);
  const int we = mp::current_process().pid();
  EXPECT_EQ(fmt::format("{}", p), fmt::format("<Process name='it' parent={} initial daemon>", we));
  p.start();
  EXPECT_EQ(fmt::format("{}", p),
            fmt::format("<Process name='it' pid={} parent={} started daemon>", p.pid(), we));
  p.kill();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(fmt::format("{}", p),
            fmt::format("<Process name='it' pid={} parent={} stopped exitcode=-{} daemon>", p.pid(),
                        we, mp::detail::os::signal_name(-multiprocess::test::killed)));
}

TEST_P(ProcessStates, OfTheProcessItself) {
  EXPECT_EQ(mp::current_process().name(), "MainProcess");
  mp::Queue<std::string> answers;
  mp::Process p = process([answers] {
    mp::Process& self = mp::current_process();
    answers.put(mp::test::what_it_throws([&] { self.start(); }));
    answers.put(mp::test::what_it_throws([&] { self.join(); }));
    answers.put(self.is_alive() ? "alive" : "not alive");
    answers.put(self.exitcode() ? "ended" : "not ended");
    answers.put(mp::parent_process()->name());
  });
  p.start();
  EXPECT_EQ(answers.get(20s), "AssertionError");
  EXPECT_EQ(answers.get(20s), "AssertionError");
  EXPECT_EQ(answers.get(20s), "alive");
  EXPECT_EQ(answers.get(20s), "not ended");
  EXPECT_EQ(answers.get(20s), "MainProcess");
  p.join();
}

TEST(ProcessStatesOfOthers, OnlyTheCreatorStartsAndJoins) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  Release hold;
  mp::Queue<std::string> answers;
  mp::Process fresh([] {});
  mp::Process running({.start_method = mp::StartMethod::fork}, wait_for, hold);
  running.start();
  mp::Process other({.start_method = mp::StartMethod::fork}, mp::fork_only([&] {
                      answers.put(mp::test::what_it_throws([&] { fresh.start(); }));
                      answers.put(mp::test::what_it_throws([&] { running.join(); }));
                      answers.put(mp::test::what_it_throws([&] { running.is_alive(); }));
                      answers.put(fmt::format("{}", running).find("unknown") != std::string::npos
                                      ? "unknown"
                                      : "?");
                    }));
  other.start();
  EXPECT_EQ(answers.get(20s), "AssertionError");
  EXPECT_EQ(answers.get(20s), "AssertionError");
  EXPECT_EQ(answers.get(20s), "AssertionError");
  EXPECT_EQ(answers.get(20s), "unknown");
  other.join();
  hold.put(1);
  running.join();
}

TEST_P(ProcessStates, DaemonsHaveNoChildrenAndPassTheFlagOn) {
  mp::Queue<std::string> answers;
  mp::Process p({.daemon = true, .start_method = GetParam()}, [answers] {
    mp::Process child([] {});
    answers.put(child.daemon() ? "daemon" : "no daemon");
    answers.put(mp::test::what_it_throws([&] { child.start(); }));
  });
  p.start();
  EXPECT_EQ(answers.get(20s), "daemon");
  EXPECT_EQ(answers.get(20s), "AssertionError");
  p.join();
}

TEST_P(ProcessStates, NamesCountConstructionsAndNameThePath) {
  const std::string one = mp::Process().name();
  const std::string two = mp::Process().name();
  EXPECT_EQ(std::stoi(one.substr(8)) + 1, std::stoi(two.substr(8))) << one << " " << two;

  mp::Queue<std::string> names;
  mp::Process p = process([names] {
    const mp::Process first;
    const mp::Process second;
    names.put(first.name());
    names.put(second.name());
  });
  p.start();
  EXPECT_EQ(names.get(20s), p.name() + ":1");
  EXPECT_EQ(names.get(20s), p.name() + ":2");
  p.join();
}

TEST_P(ProcessStates, ChildrenInheritTheKey) {
  static_assert(!mp::sendable<mp::AuthenticationString>, "except like this");
  mp::Queue<std::vector<std::byte>> keys;
  mp::Process p = process([keys] {
    const mp::AuthenticationString key = mp::current_process().authkey();
    keys.put(std::vector<std::byte>(key.begin(), key.end()));
  });
  p.start();
  const mp::AuthenticationString ours = mp::current_process().authkey();
  EXPECT_EQ(keys.get(20s), std::vector<std::byte>(ours.begin(), ours.end()));
  p.join();
}

TEST_P(ProcessStates, ActiveChildrenReapsTheFinished) {
  mp::Process p = waiting();
  p.start();
  const auto contains = [&] { return std::ranges::count(mp::active_children(), p) == 1; };
  EXPECT_TRUE(contains());
  release();
  while (contains()) {  // ends by itself or by the test's deadline
  }
  EXPECT_EQ(p.exitcode(), 0);
}

TEST_P(ProcessStates, TheParentLetsGoOfTargetAndArguments) {
  mp::Queue<std::string> answers;
  mp::Process p =
      process([answers](const std::string& text) { answers.put(text); }, std::string("crossed"));
  p.start();
  EXPECT_EQ(answers.get(20s), "crossed");
  ASSERT_TRUE(p.join(20s));
  p.run();  // nothing is left to be called
  EXPECT_EQ(answers.try_get(), std::nullopt);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ProcessStates);

}  // namespace
