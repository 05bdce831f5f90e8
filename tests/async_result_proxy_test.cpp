// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/async_result_proxy.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>

#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/managed_pools.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::add;
using mp::test::fails;
using mp::test::plenty;
using mp::test::require;
using mp::test::square;

namespace {

class AsyncResultProxies : public mp::test::ManagedPools {
 protected:
  mp::PoolProxy make_pool() { return manager().Pool(two()); }
};
MULTIPROCESS_FOR_EACH_START_METHOD(AsyncResultProxies);

TEST_P(AsyncResultProxies, GiveResultsLater) {
  const mp::PoolProxy pool = make_pool();
  const mp::EventProxy go = manager().Event();
  const mp::AsyncResultProxy<int> result = pool.apply_async([go] { return go.wait() ? 6 : 0; });
  EXPECT_FALSE(result.ready());
  EXPECT_THROW(result.successful(), mp::ValueError);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return result.wait(time); }));
  EXPECT_THROW(result.get(1ms), mp::TimeoutError);
  mp::Process other = start([result] { require(result.get(plenty) == 6); });
  go.set();
  EXPECT_EQ(result.get(plenty), 6);
  EXPECT_EQ(result.get(), 6);
  EXPECT_TRUE(result.wait() && result.ready() && result.successful());
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
  const auto failed = pool.apply_async(fails, 1);
  EXPECT_TRUE(failed.wait(plenty));
  EXPECT_FALSE(failed.successful());
  EXPECT_THROW(failed.get(), mp::KeyError);
  EXPECT_EQ(pool.map_async(square, {1, 2}).get(plenty), (std::vector{1, 4}));
  EXPECT_EQ(pool.starmap_async(add, {{1, 2}}).get(plenty), (std::vector{3}));
  pool.apply_async([] {}).get(plenty);
}

TEST_P(AsyncResultProxies, ServeMoreCallsThanThereAreThreadsAnywhere) {
  const mp::PoolProxy pool = make_pool();
  const mp::EventProxy go = manager().Event();
  std::vector<mp::AsyncResultProxy<int>> results;
  for (int i = 0; i < 60; ++i) {
    results.push_back(pool.apply_async(
        [go](int x) {
          go.wait();
          return x;
        },
        i));
  }
  EXPECT_FALSE(results[59].ready());
  go.set();
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(results[static_cast<std::size_t>(i)].get(plenty), i);
  }
}

TEST_P(AsyncResultProxies, AreCancelled) {
  const mp::PoolProxy pool = make_pool();
  const auto result = pool.apply_async([] { mp::test::wait_to_be_killed(); });
  EXPECT_EQ(fmt::format("{}", result), "<AsyncResult pending>");
  EXPECT_TRUE(result.cancel());
  EXPECT_THROW(result.get(plenty), mp::Cancelled);
  EXPECT_EQ(fmt::format("{}", result), "<AsyncResult ready>");
  EXPECT_FALSE(result.cancel());
}

TEST_P(AsyncResultProxies, OutliveTheirPool) {
  const auto results = [this] {
    const mp::PoolProxy pool = make_pool();
    const auto done = pool.apply_async(square, 3);
    EXPECT_TRUE(done.wait(plenty));
    return std::vector{done, pool.apply_async([] {
                         mp::test::wait_to_be_killed();
                         return 0;
                       })};
  }();
  EXPECT_EQ(results[0].get(plenty), 9);
  EXPECT_THROW(results[1].get(plenty), mp::Cancelled);
}

TEST_P(AsyncResultProxies, OfAnotherTypeAreNotReceived) {
  const auto queue = manager().Queue<mp::Object>();
  queue.put(make_pool().apply_async(square, 3));
  EXPECT_THROW(queue.get<mp::AsyncResultProxy<std::string>>(), mp::TypeError);
}

}  // namespace
