// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/lock.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

// Shared objects that a static constructor makes: in a spawned program it runs before anybody could
// have said that this is a child.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

const Queue<int> made_early;
const Lock lock_made_early;

struct EarlyBird {
  EarlyBird() { made_early.put(made_early.qsize() == 0 ? 1 : 2); }
};
const EarlyBird early_bird;

class StaticQueue : public StartMethods {};

TEST_P(StaticQueue, AChildHasOneArenaWithItsParent) {
  const Queue<std::uint64_t> answers;
  EXPECT_EQ(exitcode_of([answers] { answers.put(detail::arena_header().id); }), 0);
  EXPECT_EQ(answers.get(5s), detail::arena_header().id);
}

TEST_P(StaticQueue, CanBeSentToAChild) {
  const Queue<int> queue = made_early;
  EXPECT_EQ(exitcode_of([queue] { queue.put(42); }), 0);
  EXPECT_EQ(queue.get(5s), 1);
  EXPECT_EQ(queue.get(5s), 42);
  queue.put(1);
}

TEST_P(StaticQueue, WorksInAChild) {
  // A copy of ours under fork, its own under spawn; the fork server's under forkserver.
  const Queue<int> answers;
  EXPECT_EQ(exitcode_of([answers] {
              lock_made_early.acquire();
              made_early.put(7);
              answers.put(made_early.get());
              made_early.get();
              made_early.put(1);
              lock_made_early.release();
            }),
            0);
  EXPECT_EQ(answers.get(5s), 1);
}

MULTIPROCESS_FOR_EACH_START_METHOD(StaticQueue);

}  // namespace
}  // namespace multiprocess::test
