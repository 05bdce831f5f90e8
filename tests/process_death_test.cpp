// SPDX-License-Identifier: BSD-3-Clause
// What happens when a parent is killed, when the system refuses, when the user does odd things.
#include <multiprocess/context.hpp>
#include <multiprocess/process.hpp>

#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
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

/// A process that another one has started.
class Stranger {
 public:
  explicit Stranger(int pid)
      : pid_(pid), sentinel_(os::sentinel_of(static_cast<std::uint32_t>(pid))) {}

  bool ends_within(mp::Timeout timeout) const {
    return os::wait_ended(sentinel_.get(), timeout.deadline());
  }
  void kill() const { mp::test::kill_process(pid_); }

 private:
  int pid_;
  os::Handle sentinel_;
};

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
  mp::test::wait_to_be_killed();
}

TEST_P(ProcessDeath, ChildrenOfAKilledParentEnd) {
  mp::Process parent = start(start_spinning, numbers_, false);
  const Stranger first(numbers_.get(plenty));
  const Stranger second(numbers_.get(plenty));
  parent.kill();
  parent.join();
  EXPECT_TRUE(first.ends_within(1s));
  EXPECT_TRUE(second.ends_within(1s));
}

TEST_P(ProcessDeath, UnlessTheyAreToOutliveIt) {
  mp::Process parent = start(start_spinning, numbers_, true);
  const Stranger first(numbers_.get(plenty));
  const Stranger second(numbers_.get(plenty));
  parent.kill();
  parent.join();
  EXPECT_FALSE(first.ends_within(1200ms));  // longer than those take that are to end
  EXPECT_FALSE(second.ends_within(1ms));
  for (const Stranger* child : {&first, &second}) {
    child->kill();
    EXPECT_TRUE(child->ends_within(plenty));
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
        mp::test::wait_to_be_killed();
      },
      numbers_);
  EXPECT_EQ(numbers_.get(plenty), parent.pid());
  parent.kill();
  parent.join();
  EXPECT_EQ(numbers_.get(plenty), 1);
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

}  // namespace
