// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/joinable_scenarios.hpp"

#include "crash_points/recorder.hpp"
#include "support/forked.hpp"

#include <multiprocess/detail/hands.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace multiprocess::test {

using namespace std::chrono_literals;

void take_and_finish_jobs(World& world) {
  for (std::size_t i = 0; i < World::jobs_before; ++i) {
    if (!world.jobs.try_get(0s)) {
      return;  // a victim before this one took some
    }
    world.ledger->jobs_got = i + 1;
    world.jobs.task_done();
    world.ledger->jobs_done = i + 1;
  }
}

void empty_hands(World&) {
  const JoinableQueue<std::size_t> jobs;
  for (std::size_t i = 0; i < 2 * detail::HandBlock::most; ++i) {
    jobs.put(i);
  }
  for (std::size_t i = 0; i < detail::HandBlock::most; ++i) {
    Forked child([&] {
      never_die();
      jobs.get();
    });
    child.wait();
  }
  jobs.get();  // nobody knows that the others have ended: another block of hands
  detail::census().next_check.store(0);
  detail::check_everybody();
  jobs.lost();
  jobs.task_done();
  jobs.task_done();  // on behalf of one that has ended
  jobs.shutdown(true);
}

void tell_a_joiner(World&) {
  const JoinableQueue<std::size_t> jobs;
  jobs.put(1);
  std::thread joiner([&] { jobs.join(); });
  wait_for_a_sleeper();
  jobs.get();
  jobs.task_done();
  joiner.join();
}

/// `victims` have each had one in hand at most.
void check_jobs(const World& world, std::size_t victims) {
  const std::size_t left = static_cast<std::size_t>(world.jobs.qsize());
  const std::size_t taken = World::jobs_before - left;
  for (std::size_t i = 0; i < left; ++i) {
    ASSERT_EQ(world.jobs.try_get(0s), blob(taken + i));
    ASSERT_FALSE(world.jobs.join(0s)) << "it is in our hand";
    world.jobs.task_done();
  }
  ASSERT_TRUE(world.jobs.join(2s));
  const auto lost = static_cast<std::size_t>(world.jobs.lost());
  ASSERT_LE(lost, victims);
  if (victims == 1) {
    // One more may have been called done than was recorded.
    ASSERT_LE(lost, taken - world.ledger->jobs_done);
    ASSERT_GE(lost + 1, taken - world.ledger->jobs_done);
    ASSERT_LE(taken, world.ledger->jobs_got + 1);
    ASSERT_GE(taken, world.ledger->jobs_got);
  }
  for (std::size_t i = 0; i < lost; ++i) {
    world.jobs.task_done();
  }
  ASSERT_THROW(world.jobs.task_done(), ValueError);
}

}  // namespace multiprocess::test
