// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/cleanup.hpp>

#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/process_state.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/forked.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace multiprocess::detail {
namespace {

using test::Child;

/// What processes that were forked from the test have done, a letter for each step.
class Steps {
 public:
  std::function<void()> step(char letter) const {
    return [letters = &*letters_, letter] {
      letters->text.at(std::char_traits<char>::length(letters->text.data())) = letter;
    };
  }
  std::string taken() const { return letters_->text.data(); }

 private:
  struct Letters {
    std::array<char, 32> text{};
  };
  test::SharedPage<Letters> letters_;
};

class Cleanup : public testing::Test {
 protected:
  ~Cleanup() override { test::notice_deaths(); }

  /// In a process of its own, as exit steps end what they belong to.
  static int in_child(const std::function<void()>& body) {
    Child child(body);
    return child.wait();
  }

  Steps steps_;
};

TEST_F(Cleanup, CallsRunByPriorityAndTheYoungestFirst) {
  EXPECT_EQ(in_child([this] {
              add_exit_call(steps_.step('c'), 0);
              add_exit_call(steps_.step('b'), 0);
              add_exit_call(steps_.step('e'), -2);
              add_exit_call(steps_.step('a'), 10);
              add_exit_call(steps_.step('d'), -1);
              add_exit_call(steps_.step('f'), INT_MIN);
              run_exit_steps();
            }),
            0);
  EXPECT_EQ(steps_.taken(), "abcdef");
}

TEST_F(Cleanup, ChildrenEndBetweenTheFirstCallsAndTheOthers) {
  EXPECT_EQ(in_child([this] {
              const auto record = make_record("Thing");
              record->daemon = true;
              os::Started started = os::fork_process();
              if (started.pid == 0) {
                test::wait_to_be_killed();
              }
              add_child(record, std::move(started), reserve_participant(true));
              const auto look = [this] { steps_.step(live_children().empty() ? 'n' : 'y')(); };
              add_exit_call(look, 0);
              add_exit_call(look, -1);
              run_exit_steps();
            }),
            0);
  EXPECT_EQ(steps_.taken(), "yn");
}

TEST_F(Cleanup, TheStepsAreTakenOnce) {
  EXPECT_EQ(in_child([this] {
              add_exit_call(
                  [this] {
                    steps_.step('a')();
                    run_exit_steps();  // from within, too
                  },
                  0);
              run_exit_steps();
              add_exit_call(steps_.step('b'), 0);
              run_exit_steps();
            }),
            0);
  EXPECT_EQ(steps_.taken(), "a");
}

TEST_F(Cleanup, CallsMayAddAndCancelCalls) {
  EXPECT_EQ(in_child([this] {
              const CallId cancelled = add_exit_call(steps_.step('x'), 0);
              add_exit_call(
                  [this, cancelled] {
                    cancel_call(cancelled);
                    add_exit_call(steps_.step('b'), 0);
                    add_exit_call(steps_.step('a'), 5);
                  },
                  1);
              run_exit_steps();
            }),
            0);
  EXPECT_EQ(steps_.taken(), "ab");
}

TEST_F(Cleanup, ACallThatThrowsIsReportedAndTheRestGoesOn) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(in_child([this] {
              add_exit_call(steps_.step('b'), 0);
              add_exit_call([] { throw std::runtime_error("no disk"); }, 1);
              add_exit_call([] { throw 7; }, 2);
              run_exit_steps();
            }),
            0);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("Exception ignored in an exit call"), std::string::npos) << text;
  EXPECT_NE(text.find("no disk"), std::string::npos) << text;
  EXPECT_EQ(steps_.taken(), "b");
}

TEST_F(Cleanup, ACallIsKnownUntilItRanOrWasCancelled) {
  const CallId run = add_exit_call(steps_.step('a'), 0);
  EXPECT_NE(run, 0U);
  EXPECT_TRUE(has_call(run));
  EXPECT_TRUE(run_call(run));
  EXPECT_FALSE(has_call(run));
  EXPECT_FALSE(run_call(run));
  EXPECT_FALSE(cancel_call(run));
  const CallId cancelled = add_exit_call(steps_.step('b'), 0);
  EXPECT_TRUE(cancel_call(cancelled));
  EXPECT_FALSE(run_call(cancelled));
  EXPECT_FALSE(has_call(0));
  EXPECT_EQ(steps_.taken(), "a");
}

TEST_F(Cleanup, ACallThatIsMadeEarlyMayThrow) {
  const CallId call = add_exit_call([] { throw std::runtime_error("now"); }, 0);
  EXPECT_THROW(run_call(call), std::runtime_error);
  EXPECT_FALSE(has_call(call));
}

TEST_F(Cleanup, AForkedChildHasTheForkCallsOnly) {
  const auto kept = std::make_shared<int>(1);
  const CallId at_exit = add_exit_call([kept] { FAIL(); }, 0);
  const CallId first = add_fork_call(steps_.step('a'));
  const CallId second = add_fork_call(steps_.step('b'));
  EXPECT_EQ(in_child([&] {
              EXPECT_FALSE(has_call(at_exit));
              EXPECT_FALSE(run_call(at_exit));
              run_fork_calls();
              EXPECT_EQ(kept.use_count(), 2);  // what the parent's hold is not destroyed here
              EXPECT_EQ(in_child([] { run_fork_calls(); }), 0);
              run_exit_steps();
            }),
            0);
  EXPECT_EQ(steps_.taken(), "abab");
  EXPECT_TRUE(cancel_call(at_exit));
  EXPECT_TRUE(cancel_call(first));
  EXPECT_TRUE(cancel_call(second));
}

TEST_F(Cleanup, AForkCallThatThrowsIsReportedAndTheRestGoesOn) {
  const CallId first = add_fork_call([] { throw std::runtime_error("not here"); });
  const CallId second = add_fork_call(steps_.step('b'));
  testing::internal::CaptureStderr();
  EXPECT_EQ(in_child([] { run_fork_calls(); }), 0);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("Exception ignored in an after-fork call"), std::string::npos) << text;
  EXPECT_EQ(steps_.taken(), "b");
  cancel_call(first);
  cancel_call(second);
}

TEST_F(Cleanup, TheExitCodeIsTold) {
  const Ticket ticket = reserve_participant(false);
  EXPECT_EQ(in_child([ticket] {
              enter_as(ticket);
              this_process()->ticket = ticket;
              this_participant();
              run_exit_steps(7);
            }),
            0);
  EXPECT_EQ(exit_code(ticket), 7);
  if (!test::under_thread_sanitizer) {  // whose own thread keeps the place
    EXPECT_EQ(life_of(participant(ticket.slot).life.load()), Life::left);
  }
  note_end(ticket);
}

TEST_F(Cleanup, AreArrangedForWhoReturnsFromMainOrCallsExit) {
  EXPECT_EQ(in_child([this] {
              arrange_exit_steps();
              arrange_exit_steps();
              add_exit_call(steps_.step('a'), 0);
              std::exit(3);
            }),
            3);
  EXPECT_EQ(steps_.taken(), "a");
}

}  // namespace
}  // namespace multiprocess::detail
