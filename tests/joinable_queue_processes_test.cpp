// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/joinable_queue.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/forked.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;
using mp::test::use_now;
using Jobs = mp::JoinableQueue<int>;
using Words = mp::Queue<std::string>;

namespace {

/// Sleepers here are woken, or sleep until the test's time is up.
class JoinableProcesses : public mp::test::StartMethods {
 protected:
  void SetUp() override { mp::detail::cures().backstop = false; }
  void TearDown() override {
    mp::detail::cures().backstop = true;
    StartMethods::TearDown();
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(JoinableProcesses);

bool throws_value_error(const Jobs& jobs) {
  try {
    jobs.task_done();
  } catch (const mp::ValueError&) {
    return true;
  }
  return false;
}

/// Takes `count` items, says so, and waits for a kill.
void take_and_wait(const Jobs& jobs, const Words& words, int count) {
  for (int i = 0; i < count; ++i) {
    jobs.get();
  }
  words.put("taken");
  mp::test::wait_to_be_killed();
}

TEST_P(JoinableProcesses, JoinWaitsForWorkersInOtherProcesses) {
  const Jobs jobs(20);
  const mp::Queue<int> results;
  std::vector<mp::Process> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(start([jobs, results] {
      for (const int job : jobs) {
        results.put(job * job);
        jobs.task_done();
      }
    }));
  }
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 100; ++i) {
      jobs.put(i);
    }
    ASSERT_TRUE(jobs.join(plenty));
    ASSERT_EQ(results.qsize(), 100 * round);
  }
  EXPECT_EQ(jobs.lost(), 0);
  jobs.shutdown();
  for (mp::Process& worker : workers) {
    EXPECT_TRUE(worker.join(plenty));
    EXPECT_EQ(worker.exitcode(), 0);
  }
}

TEST_P(JoinableProcesses, AnyProcessMaySayThatAnItemIsDone) {
  const Jobs jobs;
  const Words words;
  const Words answers;
  for (int i = 0; i < 3; ++i) {
    jobs.put(i);
  }
  jobs.get();
  mp::Process other = start([jobs, words, answers] {
    jobs.get();
    jobs.task_done();
    jobs.task_done();  // of what the parent has taken
    require(throws_value_error(jobs));
    jobs.get();
    words.put("taken");
    answers.get();  // its parent says that it is done
    require(throws_value_error(jobs));
  });
  EXPECT_EQ(words.get(plenty), "taken");
  EXPECT_FALSE(jobs.join(0s));
  jobs.task_done();
  EXPECT_TRUE(jobs.join(plenty));
  EXPECT_TRUE(throws_value_error(jobs));
  answers.put("done");
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
  EXPECT_EQ(jobs.lost(), 0);
}

TEST_P(JoinableProcesses, JoinersInOtherProcessesAreTold) {
  const Jobs jobs;
  jobs.put(1);
  std::vector<mp::Process> joiners;
  for (int i = 0; i < 3; ++i) {
    joiners.push_back(start([jobs] { require(jobs.join(plenty)); }));
  }
  jobs.get();
  joiners[0].kill();
  joiners[0].join(plenty);
  jobs.task_done();
  for (mp::Process& joiner : joiners) {
    EXPECT_TRUE(joiner.join(plenty));
  }
  EXPECT_EQ(joiners[1].exitcode(), 0);
  EXPECT_EQ(joiners[2].exitcode(), 0);
}

TEST_P(JoinableProcesses, WhatAKilledConsumerHadInHandIsLostAndHoldsNobody) {
  const Jobs jobs;
  const Words words;
  for (int i = 0; i < 5; ++i) {
    jobs.put(i);
  }
  jobs.get();
  mp::Process consumer = start(&take_and_wait, jobs, words, 3);
  EXPECT_EQ(words.get(plenty), "taken");
  EXPECT_EQ(jobs.lost(), 0);
  consumer.kill();
  EXPECT_TRUE(consumer.join(plenty));
  EXPECT_EQ(jobs.lost(), 3);
  EXPECT_FALSE(jobs.join(0s)) << "the others are not done";
  jobs.get();
  jobs.task_done();
  jobs.task_done();
  EXPECT_TRUE(jobs.join(plenty));
  EXPECT_EQ(jobs.lost(), 3);
}

TEST_P(JoinableProcesses, AKillWakesWhoJoins) {
  mp::detail::cures().backstop = true;  // the death may be told just before the sleep
  for (int round = 0; round < 5; ++round) {
    const Jobs jobs;
    const Words words;
    jobs.put(1);
    mp::Process consumer = start(&take_and_wait, jobs, words, 1);
    EXPECT_EQ(words.get(plenty), "taken");
    {
      const std::jthread joiner([&jobs] { EXPECT_TRUE(jobs.join()); });
      consumer.kill();
    }
    EXPECT_EQ(jobs.lost(), 1);
    consumer.join(plenty);
  }
}

TEST_P(JoinableProcesses, AConsumerThatEndsByItselfHoldsNobody) {
  const Jobs jobs;
  jobs.put(1);
  jobs.put(2);
  mp::Process consumer = start([jobs] {
    jobs.get();
    jobs.get();
    jobs.task_done();
  });
  EXPECT_TRUE(jobs.join(plenty)) << "its end is told at once";
  EXPECT_EQ(jobs.lost(), 1);
  EXPECT_TRUE(consumer.join(plenty));
}

TEST_P(JoinableProcesses, ALateWordTakesALostItemOff) {
  const Jobs jobs;
  const Words words;
  jobs.put(1);
  jobs.put(2);
  mp::Process consumer = start(&take_and_wait, jobs, words, 2);
  EXPECT_EQ(words.get(plenty), "taken");
  consumer.kill();
  EXPECT_TRUE(consumer.join(plenty));
  EXPECT_TRUE(jobs.join(plenty));
  EXPECT_EQ(jobs.lost(), 2);
  jobs.task_done();
  EXPECT_EQ(jobs.lost(), 1);
  jobs.task_done();
  EXPECT_EQ(jobs.lost(), 0);
  EXPECT_TRUE(throws_value_error(jobs));
  EXPECT_TRUE(jobs.join());
}

TEST_P(JoinableProcesses, ManyConsumersComeAndGo) {
  const Jobs jobs;
  EXPECT_EQ(exitcode_of([jobs] { jobs.try_get(); }), 0);
  const auto before = use_now();
  for (int round = 0; round < 30; ++round) {
    jobs.put(round);
    jobs.put(round);
    EXPECT_EQ(exitcode_of([jobs] {
                jobs.get();
                jobs.get();
                jobs.task_done();
              }),
              0);
  }
  EXPECT_LE(use_now().parts, before.parts + 1) << "hands are used again";
  EXPECT_TRUE(jobs.join());
  EXPECT_EQ(jobs.lost(), 30);
}

TEST_P(JoinableProcesses, LeaveNothing) {
  EXPECT_EQ(exitcode_of([] {}), 0);  // what a start method makes at its first use
  const auto before = use_now();
  {
    const Jobs jobs;
    const Words words;
    std::vector<mp::Process> consumers;
    for (int i = 0; i < 9; ++i) {
      jobs.put(i);
      consumers.push_back(start(&take_and_wait, jobs, words, 1));
    }
    for (int i = 0; i < 9; ++i) {
      EXPECT_EQ(words.get(plenty), "taken");
    }
    EXPECT_GE(use_now().parts, before.parts + 3) << "more hands than fit a block";
    for (mp::Process& consumer : consumers) {
      consumer.kill();
      EXPECT_TRUE(consumer.join(plenty));
    }
    EXPECT_TRUE(jobs.join(plenty));
    EXPECT_EQ(jobs.lost(), 9);
  }
  EXPECT_EQ(use_now().objects, before.objects);
  EXPECT_EQ(use_now().parts, before.parts);
}

/// Whom nobody tells of the death looks by himself after a while.
TEST(JoinableQueue, ADeathThatNobodyReportsIsNoticed) {
  const Jobs jobs;
  jobs.put(1);
  mp::test::Gate taken;
  mp::test::Forked consumer([&] {
    jobs.get();
    taken.open();
    mp::test::wait_to_be_killed();
  });
  taken.wait();
  consumer.kill();
  EXPECT_TRUE(jobs.join(plenty));
  EXPECT_EQ(jobs.lost(), 1);
}

TEST(JoinableQueue, AForkedChildHasAHandOfItsOwn) {
  const Jobs jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.put(i);
  }
  jobs.get();
  mp::test::Forked child([&] {
    jobs.get();
    jobs.get();
    jobs.task_done();
  });
  EXPECT_TRUE(child.succeeds());
  mp::test::notice_deaths();
  EXPECT_EQ(jobs.lost(), 1);
  jobs.task_done();
  jobs.get();
  jobs.task_done();
  EXPECT_TRUE(jobs.join());
  EXPECT_EQ(jobs.lost(), 1);
}

/// An item that was put but never sent in full is nobody's.
TEST(JoinableQueue, APartOfAMessageCountsAsDone) {
  const mp::JoinableQueue<std::vector<std::byte>> queue;
  const std::vector<std::byte> large(std::size_t{32} << 20, std::byte{1});
  bool was_cut = false;
  for (int parts = 0; !was_cut; ++parts) {
    mp::test::Forked sender([&] { queue.put(large); });
    mp::test::until([&queue] { return !queue.empty(); });
    sender.kill();
    mp::test::notice_deaths();
    was_cut = !queue.try_get();
    if (!was_cut) {
      queue.task_done();
    }
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.join(0s));
  EXPECT_EQ(queue.lost(), 0);
}

}  // namespace
