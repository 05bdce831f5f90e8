// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool_proxy.hpp>

#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/managed_pools.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::add;
using mp::test::fails;
using mp::test::plenty;
using mp::test::require;
using mp::test::square;

namespace {

class PoolProxies : public mp::test::ManagedPools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolProxies);

TEST_P(PoolProxies, CallFunctionsInWorkers) {
  const mp::PoolProxy pool = manager().Pool(two());
  EXPECT_EQ(pool.apply(square, 5), 25);
  EXPECT_EQ(pool.apply([](const std::string& text) { return text + "!"; }, "text"), "text!");
  const int pid = pool.apply([] { return mp::current_process().pid(); });
  const std::vector<int> pids = pool.pids();
  EXPECT_EQ(pids.size(), 2U);
  EXPECT_EQ(std::count(pids.begin(), pids.end(), pid), 1);
  pool.apply([] {});
  EXPECT_THROW(pool.apply(fails, 3), mp::KeyError);
  EXPECT_EQ(fmt::format("{}", pool), "<multiprocess.pool.Pool state=RUN pool_size=2>");
}

TEST_P(PoolProxies, CallFunctionsByTheirNames) {
  const mp::PoolProxy pool = manager().Pool(two());
  const auto squared = mp::named<"pool_proxy_test.square">(square);
  EXPECT_EQ(pool.apply(squared, 5), 25);
  EXPECT_EQ(pool.map(squared, {1, 2}), (std::vector{1, 4}));
  EXPECT_EQ(*pool.imap(squared, {3}).begin(), 9);
  EXPECT_EQ(
      pool.starmap(mp::named<"pool_proxy_test.add">(add), std::vector<std::pair<int, int>>{{1, 2}}),
      std::vector{3});
}

TEST_P(PoolProxies, Map) {
  const mp::PoolProxy pool = manager().Pool(two());
  EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool.map([](char c) { return c; }, "ab"), (std::vector{'a', 'b'}));
  EXPECT_EQ(pool.map(square, mp::range(100)).back(), 99 * 99);
  EXPECT_EQ(pool.map(square, std::vector<int>()), std::vector<int>());
  EXPECT_EQ(pool.starmap(add, {{1, 2}, {3, 4}}), (std::vector{3, 7}));
  EXPECT_EQ(pool.starmap(add, std::vector{std::pair(1, 1), std::pair(2, 2)}), (std::vector{2, 4}));
  EXPECT_THROW(pool.map(fails, {1, 2}), mp::KeyError);
  pool.map([](int) {}, {1, 2});
  mp::MapOptions options;
  options.chunksize = 0;
  EXPECT_THROW(pool.map(square, {1}, options), mp::ValueError);
  options.progress = mp::Progress();
  EXPECT_THROW(pool.map(square, {1}, options), mp::ValueError);
}

TEST_P(PoolProxies, GiveResultsOneByOne) {
  const mp::PoolProxy pool = manager().Pool(two());
  std::vector<int> results;
  for (const int result : pool.imap(square, mp::range(20))) {
    results.push_back(result);
  }
  EXPECT_EQ(results.size(), 20U);
  EXPECT_EQ(results[19], 361);
  auto unordered = pool.imap_unordered(square, {1, 2, 3});
  int sum = 0;
  while (const auto result = unordered.next(plenty)) {
    sum += *result;
  }
  EXPECT_EQ(sum, 14);
  EXPECT_FALSE(unordered.next());
  auto failing = pool.imap([](int x) { return x == 1 ? fails(x) : x; }, {0, 1, 2});
  EXPECT_EQ(failing.next(), 0);
  EXPECT_THROW(failing.next(), mp::KeyError);
  EXPECT_EQ(failing.next(), 2);
  const mp::EventProxy go = manager().Event();
  auto slow = pool.imap([go](int x) { return go.wait() ? x : 0; }, {7});
  EXPECT_THROW(slow.next(10ms), mp::TimeoutError);
  go.set();
  EXPECT_EQ(slow.next(plenty), 7);
}

TEST_P(PoolProxies, ServeSeveralClientsAtOnce) {
  const mp::PoolProxy pool = manager().Pool(two());
  const mp::BarrierProxy meeting = manager().Barrier(2);
  mp::Process other = start([pool, meeting] { pool.apply([meeting] { meeting.wait(plenty); }); });
  pool.apply([meeting] { meeting.wait(plenty); });
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
}

TEST_P(PoolProxies, SurviveTheDeathOfAWorkerAndOfAClient) {
  const mp::PoolProxy pool = manager().Pool(two());
  EXPECT_THROW(pool.apply([] { mp::test::die(); }), mp::WorkerDied);
  mp::Process client = start([pool] { pool.apply([] { mp::test::wait_to_be_killed(); }); });
  client.kill();
  EXPECT_TRUE(client.join(plenty));
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(PoolProxies, CloseTerminateAndJoin) {
  const mp::PoolProxy pool = manager().Pool(two());
  EXPECT_THROW(pool.join(), mp::ValueError);
  pool.close();
  EXPECT_THROW(pool.apply(square, 1), mp::ValueError);
  pool.join();
  const mp::PoolProxy other = manager().Pool(two());
  const auto result = other.apply_async([] { mp::test::wait_to_be_killed(); });
  other.terminate();
  other.join();
  EXPECT_THROW(result.get(plenty), mp::Cancelled);
}

TEST_P(PoolProxies, TellWhyTheyCannotBeMade) {
  EXPECT_THROW(manager().Pool(0), mp::ValueError);
  mp::PoolOptions options = two();
  options.maxtasksperchild = 0;
  EXPECT_THROW(manager().Pool(options), mp::ValueError);
  options = two();
  options.on_callback_error = [](std::exception_ptr) {};
  EXPECT_THROW(manager().Pool(options), mp::NotSendable);
  const std::size_t before = manager().number_of_objects();
  { const mp::PoolProxy pool = manager().Pool(two()); }
  EXPECT_EQ(manager().number_of_objects(), before);
}

int given = 0;

TEST_P(PoolProxies, RunAnInitializerInEachWorker) {
  const mp::PoolProxy pool = manager().Pool(
      two(), [](int x) { given = x; }, 4);
  EXPECT_EQ(pool.apply([] { return given; }), 4);
}

void expect_to_end(const std::vector<int>& pids) {
  mp::test::until([&] {
    return std::all_of(pids.begin(), pids.end(), [](int pid) {
      return !mp::detail::os::runs(static_cast<std::uint32_t>(pid));
    });
  });
}

TEST_P(PoolProxies, EndWithTheirLastProxy) {
  std::vector<int> pids;
  {
    const mp::PoolProxy pool = manager().Pool(two());
    pids = pool.pids();
  }
  expect_to_end(pids);
}

TEST_P(PoolProxies, EndWithTheirManagerWhateverTheyDo) {
  const mp::PoolProxy pool = manager().Pool(two());
  const std::vector<int> pids = pool.pids();
  const auto result = pool.apply_async([] { mp::test::wait_to_be_killed(); });
  std::thread waits([&] { EXPECT_ANY_THROW(result.get()); });
  std::thread iterates([pool] {
    auto results = pool.imap([](int) { mp::test::wait_to_be_killed(); }, {1});
    EXPECT_ANY_THROW(results.next());
  });
  std::this_thread::sleep_for(50ms);  // that they wait by now is likely, and not necessary
  manager().shutdown();
  waits.join();
  iterates.join();
  expect_to_end(pids);
}

}  // namespace
