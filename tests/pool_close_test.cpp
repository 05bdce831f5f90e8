// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace multiprocess {
namespace {

using test::plenty;
using test::twice;

/// A pool that is ended while other threads give it work.
class PoolClose : public test::Pools {
 protected:
  static constexpr int threads = 4;

  /// Lets threads submit until they are refused, and `end` end the pool meanwhile. `look` at each
  /// result afterwards.
  template <class End, class Look>
  void end_among_submissions(End end, Look look) const {
    const int rounds = GetParam() == StartMethod::fork ? 20 : 3;  // the others take long to start
    for (int round = 0; round < rounds; ++round) {
      Pool pool(two());
      std::atomic<int> begun{0};
      std::vector<std::vector<AsyncResult<int>>> accepted(threads);
      {
        const std::jthread ender([&] {
          test::until([&] { return begun >= 8 * threads; });
          end(pool);
        });
        test::in_threads(threads, [&](int thread) {
          try {
            for (;; ++begun) {
              accepted[static_cast<std::size_t>(thread)].push_back(pool.apply_async(twice, 3));
            }
          } catch (const ValueError&) {
            // The pool is not running.
          }
        });
      }
      for (const auto& results : accepted) {
        for (const auto& result : results) {
          look(result);
        }
      }
    }
  }
};

TEST_P(PoolClose, WhatWasAcceptedBeforeIsDone) {
  end_among_submissions(
      [](Pool& pool) {
        pool.close();
        pool.join();
      },
      [](const AsyncResult<int>& result) { EXPECT_EQ(result.get(plenty), 6); });
}

TEST_P(PoolClose, WhatWasAcceptedBeforeTerminateIsDoneOrCancelled) {
  const test::Use before = test::use_now();
  end_among_submissions([](Pool& pool) { pool.terminate(); },
                        [](const AsyncResult<int>& result) {
                          ASSERT_TRUE(result.wait(plenty));
                          try {
                            EXPECT_EQ(result.get(), 6);
                          } catch (const Cancelled&) {
                            // It was not done by then.
                          }
                        });
  // The pools' own threads let go of them last.
  test::until([&] { return test::use_now() == before; });
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolClose);

}  // namespace
}  // namespace multiprocess
