// SPDX-License-Identifier: BSD-3-Clause
// How a process ends and what its end does: python_parity/table.md, 2.1.39 to 2.1.65.
#include <multiprocess/multiprocess.hpp>

#include "support/child.hpp"
#include "support/endings.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

using Words = mp::Queue<std::string>;

/// Leaves a file behind when the static objects of a program are destroyed.
struct Witness {
  std::string path = {};
  ~Witness() {
    if (!path.empty()) {
      std::ofstream(path) << "destroyed";
    }
  }
};
Witness witness;

class ProcessEnds : public mp::test::StartMethods {
 protected:
  bool is_forked() const { return GetParam() != mp::StartMethod::spawn; }
  /// A forkserver's stderr is that of the moment when the server started.
  bool stderr_can_be_captured() const { return GetParam() != mp::StartMethod::forkserver; }
};

TEST_P(ProcessEnds, ExitCodes) {
  EXPECT_EQ(exitcode_of([] {}), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(); }), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(7); }), 7);
  EXPECT_EQ(exitcode_of([] { mp::exit(300); }), 44);
  EXPECT_EQ(exitcode_of([] { mp::exit(-1); }), 255);
  EXPECT_EQ(exitcode_of([] { std::_Exit(300); }), mp::test::exit_code(300));
  EXPECT_EQ(exitcode_of(&mp::test::die), mp::test::killed);
  EXPECT_EQ(exitcode_of(&mp::test::crash), mp::test::crashed);
}

TEST_P(ProcessEnds, AnUncaughtExceptionIsOneAndATraceback) {
  testing::internal::CaptureStderr();
  mp::Process p({.name = "unlucky", .start_method = GetParam()},
                [] { throw std::out_of_range("no such page"); });
  p.start();
  p.join(20s);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(p.exitcode(), 1);
  if (stderr_can_be_captured()) {
    EXPECT_NE(text.find("Process unlucky:"), text.npos) << text;
    EXPECT_NE(text.find("std::out_of_range"), text.npos) << text;
    EXPECT_NE(text.find("no such page"), text.npos) << text;
  }
}

TEST_P(ProcessEnds, ExitWithATextPrintsItAndIsOne) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(exitcode_of([] { mp::exit("enough is enough"); }), 1);
  const std::string text = testing::internal::GetCapturedStderr();
  if (stderr_can_be_captured()) {
    EXPECT_EQ(text, "enough is enough\n");
  }
}

TEST_P(ProcessEnds, AnInterruptedChildEndsByTheSignal) {
  if (!mp::test::can_interrupt_processes) {
    GTEST_SKIP() << "needs to interrupt a process";
  }
  if (GetParam() == mp::StartMethod::forkserver) {
    GTEST_SKIP() << "children of the fork server leave SIGINT to the root";
  }
  Words ready;
  mp::Process p = process([ready] {
    ready.put("ready");
    std::this_thread::sleep_for(20s);
  });
  p.start();
  ready.get(20s);
  p.interrupt();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(p.exitcode(), -SIGINT);
}

TEST_P(ProcessEnds, AChildStartsWithoutChildrenAndWithoutInput) {
  Words answers;
  Words hold;
  mp::Process sibling = process([hold] { hold.get(20s); });
  sibling.start();
  mp::Process p = process(
      [answers](int parent) {
        const bool no_children = mp::active_children().empty();
        const bool no_input = std::getchar() == EOF;
        const bool knows_parent = mp::parent_process()->pid() == parent;
        const bool knows_itself = mp::current_process().name() == "me";
        answers.put(fmt::format("{}{}{}{}", no_children, no_input, knows_parent, knows_itself));
      },
      mp::current_process().pid());
  p.set_name("me");
  p.start();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(answers.get(20s), "truetruetruetrue");
  hold.put("end");
  sibling.join();
}

TEST_P(ProcessEnds, ExitHandlersOfTheParentDoNotRunInTheChild) {
  Words words;
  mp::at_exit([words] { words.put("the parent's"); });
  mp::Process p = process([words] {
    mp::at_exit([words] { words.put("the child's"); });
    words.put("target");
  });
  p.start();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(words.get(20s), "target");
  EXPECT_EQ(words.get(20s), "the child's");
  EXPECT_EQ(words.try_get(), std::nullopt);
}

TEST_P(ProcessEnds, ExitStepsByPriorityWithTheChildrenJoinedBeforeTheNegative) {
  Words words;
  Words gate;
  mp::Process p = process([words, gate] {
    mp::at_exit([words] { words.put("-5"); }, -5);
    mp::at_exit([gate] { gate.put("our parent is at its exit"); });
    mp::at_exit([words] { words.put("0"); });
    mp::at_exit([words] { words.put("10"); }, 10);
    mp::Process child([words, gate] {
      gate.get(20s);
      words.put("child");
    });
    child.start();
  });
  p.start();
  ASSERT_TRUE(p.join(20s));
  for (const char* step : {"10", "0", "child", "-5"}) {
    EXPECT_EQ(words.get(0s), step);
  }
}

TEST_P(ProcessEnds, DaemonsAreEndedNotWaitedFor) {
  Words words;
  mp::Process p = process([words] {
    mp::Process daemon({.daemon = true}, [words] {
      words.put("daemon runs");
      std::this_thread::sleep_for(60s);
    });
    daemon.start();
    words.get(20s);
  });
  p.start();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(p.exitcode(), 0);
}

TEST_P(ProcessEnds, NothingRunsAfterASignalOrExitAtOnce) {
  Words words;
  const auto end = [words](bool by_signal) {
    mp::at_exit([words] { words.put("an exit step"); });
    by_signal ? mp::test::die() : std::_Exit(3);
  };
  EXPECT_EQ(exitcode_of(end, true), mp::test::killed);
  EXPECT_EQ(exitcode_of(end, false), 3);
  EXPECT_EQ(words.try_get(), std::nullopt);
}

TEST_P(ProcessEnds, StaticObjectsAreDestroyedByProgramsOnly) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            fmt::format("witness-{}", mp::current_process().pid()))
                               .string();
  EXPECT_EQ(exitcode_of([](const std::string& file) { witness.path = file; }, path), 0);
  EXPECT_EQ(std::filesystem::exists(path), !is_forked());
  std::filesystem::remove(path);
}

TEST_P(ProcessEnds, BufferedTextIsPrintedOnce) {
  testing::internal::CaptureStdout();
  std::fputs("from the parent\n", stdout);
  EXPECT_EQ(exitcode_of([] { std::fputs("from the child\n", stdout); }), 0);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_EQ(text.find("from the parent"), text.rfind("from the parent")) << text;
  if (stderr_can_be_captured()) {
    EXPECT_NE(text.find("from the child"), text.npos) << text;
  }
}

TEST_P(ProcessEnds, ClosedStreamsDoNoHarm) {
  EXPECT_EQ(exitcode_of([] {
              std::fclose(stdout);
              std::fclose(stderr);
            }),
            0);
}

/// Ends at once, leaving a child that waits for its parent's end.
void leave_a_child(const Words& words, const Words& ready, const Words& hold) {
  mp::Process inner({.outlive_parent = true}, [words, ready, hold] {
    words.put(mp::parent_process()->name());
    ready.put("ready");
    mp::parent_process()->join(20s);
    words.put(mp::parent_process()->is_alive() ? "alive" : "ended");
    hold.get(20s);
  });
  inner.start();
  ready.get(20s);
  std::_Exit(0);
}

TEST_P(ProcessEnds, AGrandchildSeesItsParentEndAndDelaysNobody) {
  Words words;
  Words hold;
  mp::Process middle = process(leave_a_child, words, Words(), hold);
  middle.start();
  ASSERT_TRUE(middle.join(20s));
  EXPECT_EQ(words.get(20s), middle.name());
  EXPECT_EQ(words.get(20s), "ended");
  hold.put("the grandchild may end");
}

MULTIPROCESS_FOR_EACH_START_METHOD(ProcessEnds);

}  // namespace
