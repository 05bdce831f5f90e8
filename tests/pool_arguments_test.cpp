// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/system.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace mp = multiprocess;

namespace {

int square(int x) {
  return x * x;
}

TEST(PoolArguments, AreChecked) {
  EXPECT_THROW(mp::Pool(0), mp::ValueError);
  EXPECT_THROW(mp::Pool(-1), mp::ValueError);
  EXPECT_THROW(mp::Pool(std::size_t{1} << 40), mp::ValueError);
  EXPECT_THROW(mp::Pool(mp::PoolOptions{.processes = 1, .maxtasksperchild = 0}), mp::ValueError);
  mp::Pool pool(1);
  EXPECT_THROW(pool.map(square, {1}, {.chunksize = 0}), mp::ValueError);
  EXPECT_THROW(pool.imap(square, {1}, {.chunksize = -1}), mp::ValueError);
  EXPECT_THROW(pool.imap(square, {1}, {.buffersize = 0}), mp::ValueError);
  EXPECT_THROW(pool.apply({.retries = -1}, square, 1), mp::ValueError);
  EXPECT_THROW(pool.apply(static_cast<int (*)(int)>(nullptr), 1), mp::TypeError);
}

TEST(PoolArguments, APoolStaysAtHome) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  static_assert(!mp::sendable<mp::Pool> && !mp::sendable<mp::AsyncResult<int>>);
  static_assert(!std::is_copy_constructible_v<mp::Pool>);
  mp::Pool pool(1);
  mp::Queue<bool> refused;
  mp::Process child({.start_method = mp::StartMethod::fork}, mp::fork_only([&] {
                      try {
                        pool.apply(square, 1);
                      } catch (const mp::RuntimeError&) {
                        refused.put(true);
                      }
                    }));
  child.start();
  EXPECT_TRUE(refused.get());
  child.join();
}

TEST(PoolArguments, MayBeLeftOut) {
  mp::Pool plain({});
  EXPECT_EQ(plain.apply(square, 2), 4);
  mp::Queue<int> began;
  mp::Pool initialized({}, [began] { began.put(1); });
  EXPECT_EQ(began.get(), 1);
  mp::Pool moved(std::move(plain));
  EXPECT_EQ(moved.apply(square, 3), 9);
  EXPECT_THROW(plain.apply(square, 1), mp::ValueError);
}

}  // namespace
