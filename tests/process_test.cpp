// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/process.hpp>

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

using Words = mp::Queue<std::string>;

class ProcessTest : public mp::test::StartMethods {
 protected:
  std::string word() const { return words_.get(plenty); }

  Words words_;
};
MULTIPROCESS_FOR_EACH_START_METHOD(ProcessTest);

void put_all(Words& out, const std::string& text, int number, const std::vector<int>& numbers) {
  out.put(fmt::format("{} {} {}", text, number, numbers.size()));
}

TEST_P(ProcessTest, CallsItsTargetWithItsArguments) {
  mp::Process p = start(put_all, words_, "literal", 7, std::vector{1, 2, 3});
  EXPECT_EQ(word(), "literal 7 3");
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
}

TEST_P(ProcessTest, CallsAClosureThatHoldsHandles) {
  int number = 5;
  mp::Process p =
      start([out = words_, number](int more) { out.put(std::to_string(number + more)); }, 4);
  EXPECT_EQ(word(), "9");
  p.join();
}

void tell_who_it_is(Words out) {
  const auto parent = mp::parent_process();
  out.put(fmt::format("{} {} {}", mp::current_process().name(), parent->name(), parent->pid()));
  out.put(std::to_string(mp::current_process().pid()));
  out.put(mp::current_process().daemon() ? "daemon" : "no daemon");
}

TEST_P(ProcessTest, KnowsItselfAndItsParent) {
  mp::ProcessOptions named = options();
  named.name = "it's me";
  named.daemon = true;
  mp::Process p(named, tell_who_it_is, words_);
  p.start();
  EXPECT_EQ(word(), fmt::format("it's me MainProcess {}", mp::current_process().pid()));
  EXPECT_EQ(word(), std::to_string(p.pid()));
  EXPECT_EQ(word(), "daemon");
  p.join();
}

void start_two(Words out) {
  for (int i = 0; i < 2; ++i) {
    mp::Process child(tell_who_it_is, out);
    child.start();
    child.join();
  }
}

TEST_P(ProcessTest, NamesTellThePathFromTheRoot) {
  mp::Process p = process(start_two, words_);
  const std::string name = p.name();
  p.start();
  EXPECT_EQ(word(), fmt::format("{}:1 {} {}", name, name, p.pid()));
  EXPECT_NE(word(), "");
  EXPECT_EQ(word(), "no daemon");
  EXPECT_EQ(word(), fmt::format("{}:2 {} {}", name, name, p.pid()));
  EXPECT_TRUE(p.join(plenty));
}

TEST_P(ProcessTest, TheKeyIsInherited) {
  mp::current_process().set_authkey("secret");
  mp::Process p = start(
      [](Words out) {
        const mp::AuthenticationString key = mp::current_process().authkey();
        out.put({reinterpret_cast<const char*>(key.data()), key.size()});
      },
      words_);
  EXPECT_EQ(word(), "secret");
  p.join();
}

void read_input(Words out) {
  out.put(std::getchar() == EOF ? "end" : "input");
}

TEST_P(ProcessTest, NothingComesFromItsStandardInput) {
  mp::Process p = start(read_input, words_);
  EXPECT_EQ(word(), "end");
  p.join();
}

class Shouter : public mp::ProcessClass<Shouter> {
 public:
  Shouter() = default;
  Shouter(mp::ProcessOptions options, Words out, std::string word)
      : ProcessClass(std::move(options)), out_(std::move(out)), word_(std::move(word)) {}

  void run() override {
    const auto* self = dynamic_cast<Shouter*>(&mp::current_process());
    out_.put(self == nullptr ? "somebody else" : self->word_ + " from " + name());
    mp::Process child(tell_who_it_is, out_);
    out_.put(child.name());
  }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(out_, word_);
  }

 private:
  Words out_;
  std::string word_;
};

TEST_P(ProcessTest, RunsTheRunOfADerivedClass) {
  Shouter shouter(options(), words_, "hello");
  EXPECT_EQ(shouter.name().substr(0, 8), "Shouter-");
  shouter.start();
  EXPECT_EQ(word(), "hello from " + shouter.name());
  EXPECT_TRUE(word().ends_with(":1"));
  EXPECT_TRUE(shouter.join(plenty));
  EXPECT_EQ(shouter.exitcode(), 0);
}

/// A spawned child would make a Shouter of it.
class LouderShouter : public Shouter {
 public:
  using Shouter::Shouter;
  void run() override {}
};

TEST_P(ProcessTest, WhatIsDerivedFromThatClassCanOnlyBeForked) {
  LouderShouter shouter(options(), words_, "hello");
  if (GetParam() == mp::StartMethod::fork) {
    shouter.start();
    EXPECT_TRUE(shouter.join(plenty));
    EXPECT_EQ(shouter.exitcode(), 0);
    EXPECT_EQ(words_.qsize(), 0) << "it was not a Shouter that ran";
  } else {
    EXPECT_THROW(shouter.start(), mp::NotSendable);
  }
}

class Unsendable : public mp::ProcessClass<Unsendable> {
 public:
  using ProcessClass::ProcessClass;
  void run() override {}
};

class Underived : public mp::Process {
 public:
  using Process::Process;
  void run() override {}
};

TEST_P(ProcessTest, AClassWithoutSerializeCanOnlyBeForked) {
  Unsendable first(options());
  Underived second(options());
  for (mp::Process* p : std::initializer_list<mp::Process*>{&first, &second}) {
    if (GetParam() == mp::StartMethod::fork) {
      p->start();
      EXPECT_TRUE(p->join(plenty));
    } else {
      EXPECT_THROW(p->start(), mp::NotSendable);
    }
  }
}

/// Its only constructor takes something.
class Unmakeable : public mp::ProcessClass<Unmakeable> {
 public:
  Unmakeable(mp::ProcessOptions options, int) : ProcessClass(std::move(options)) {}
  void run() override {}
  template <class Archive>
  void serialize(Archive&) {}
};

TEST_P(ProcessTest, AClassWithoutDefaultConstructorSaysSo) {
  Unmakeable process(options(), 1);
  try {
    process.start();
    process.join();
    EXPECT_EQ(GetParam(), mp::StartMethod::fork);
  } catch (const mp::NotSendable& error) {
    EXPECT_NE(GetParam(), mp::StartMethod::fork);
    EXPECT_NE(std::string_view(error.what()).find("std::optional"), std::string_view::npos);
  }
}

TEST_P(ProcessTest, AForkOnlyTargetMayBeAnyClosure) {
  int here = 1;
  mp::Process p =
      process(mp::fork_only([&here, out = words_] { out.put(std::to_string(++here)); }));
  if (GetParam() == mp::StartMethod::fork) {
    p.start();
    EXPECT_EQ(word(), "2");
    p.join();
    EXPECT_EQ(here, 1);
  } else {
    EXPECT_THROW(p.start(), mp::NotSendable);
    EXPECT_NE(fmt::format("{}", p).find("initial"), std::string::npos);
  }
}

TEST_P(ProcessTest, TheParentDropsTargetAndArgumentsAtTheStart) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  auto owned = std::make_shared<int>(1);
  mp::ProcessOptions forked = options();
  forked.start_method = mp::StartMethod::fork;
  mp::Process p(forked, mp::fork_only([](const std::shared_ptr<int>&) {}), owned);
  EXPECT_EQ(owned.use_count(), 2);
  p.start();
  EXPECT_EQ(owned.use_count(), 1);
  p.join();
}

TEST_P(ProcessTest, OfThreadsThatStartItAtOnceOneDoes) {
  for (int round = 0; round < 10; ++round) {
    mp::Process p = process([out = words_] { out.put("ran"); });
    std::atomic<int> refused{0};
    const auto attempt = [&] {
      try {
        p.start();
      } catch (const mp::AssertionError&) {
        ++refused;
      }
    };
    std::thread other(attempt);
    attempt();
    other.join();
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(p.join(plenty));
    EXPECT_EQ(word(), "ran");
    EXPECT_TRUE(words_.empty());
  }
}

TEST_P(ProcessTest, TakesSomeArgumentsAndRefersToOthers) {
  EXPECT_EQ(exitcode_of([](std::unique_ptr<std::string> own, Words& out) { out.put(*own + "!"); },
                        std::make_unique<std::string>("mine"), words_),
            0);
  EXPECT_EQ(word(), "mine!");
}

TEST_P(ProcessTest, WithoutATargetDoesNothing) {
  mp::Process p(options());
  p.start();
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
}

TEST(Process, MovesAndComparesByIdentity) {
  static_assert(!std::is_copy_constructible_v<mp::Process>);
  mp::Process p;
  mp::Process other;
  EXPECT_NE(p, other);
  const std::string name = p.name();
  mp::Process moved = std::move(p);
  EXPECT_EQ(moved.name(), name);
  EXPECT_THROW(p.start(), mp::ValueError);
  EXPECT_THROW(p.name(), mp::ValueError);
  EXPECT_EQ(fmt::format("{}", p), "<Process moved>");
}

TEST(Process, TakesLvalueOptionsAsOptions) {
  mp::ProcessOptions named{.name = "named"};
  EXPECT_EQ(mp::Process(named).name(), "named");
  EXPECT_EQ(mp::Process({.name = "braced"}).name(), "braced");
  EXPECT_EQ(mp::Process({.name = "with target"}, [] {}).name(), "with target");
}

TEST(Process, PrintsAsPython) {
  mp::Process p({.name = "one"}, &mp::test::wait_to_be_killed);
  const int here = mp::current_process().pid();
  EXPECT_EQ(fmt::format("{}", p), fmt::format("<Process name='one' parent={} initial>", here));
  p.set_daemon(true);
  std::ostringstream out;
  out << p;
  EXPECT_EQ(out.str(), fmt::format("<Process name='one' parent={} initial daemon>", here));
  p.start();
  EXPECT_EQ(fmt::format("{}", p.sentinel()), std::to_string(p.sentinel().fileno()));
  p.kill();
  p.join();
  const int pid = p.pid();
  EXPECT_EQ(fmt::format("{}", p),
            fmt::format("<Process name='one' pid={} parent={} stopped "
                        "exitcode=-{} daemon>",
                        pid, here, mp::detail::os::signal_name(-mp::test::killed)));
  p.close();
  EXPECT_EQ(fmt::format("{}", p),
            fmt::format("<Process name='one' parent={} closed daemon>", here));
  EXPECT_EQ(fmt::format("{}", mp::current_process()),
            "<_MainProcess name='MainProcess' parent=None started>");
}

TEST(Process, TheRootHasNoParentAndIsAlive) {
  EXPECT_FALSE(mp::parent_process());
  EXPECT_TRUE(mp::current_process().is_alive());
  EXPECT_THROW(mp::current_process().join(), mp::AssertionError);
  EXPECT_THROW(mp::current_process().start(), mp::AssertionError);
}

TEST(Process, CountsCpus) {
  EXPECT_GE(mp::cpu_count(), 1);
  EXPECT_LE(mp::cpu_count(), mp::hardware_cpu_count());
}

}  // namespace
