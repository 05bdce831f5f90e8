// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/register_exception.hpp>

#include "support/one_pass.hpp"
#include "support/pools.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

int square(int x) {
  return x * x;
}
int add(int a, int b) {
  return a + b;
}
const auto sum = [](auto... all) { return (all + ...); };
std::string shout(const std::string& text) {
  return text + "!";
}

struct Point {
  int x;
  int y;
};

struct Counted {
  Counted() = default;
  Counted(Counted&&) noexcept = default;
  Counted(const Counted& other) : text(other.text), copies(other.copies + 1) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text, copies);
  }

  std::string text = "counted";
  int copies = 0;
};

const Counted& counted() {
  static const Counted one;
  return one;
}

class PoolTest : public mp::test::Pools {};

TEST_P(PoolTest, ApplyCallsInAWorker) {
  mp::Pool pool(two());
  EXPECT_EQ(pool.apply(square, 7), 49);
  EXPECT_EQ(pool.apply(shout, "hello"), "hello!");
  EXPECT_NE(pool.apply([] { return mp::current_process().pid(); }), mp::current_process().pid());
  int base = 40;
  EXPECT_EQ(pool.apply([base](int x) { return base + x; }, 2), 42);
  pool.apply([] {});
  const mp::AsyncResult<int> later = pool.apply_async(add, 1, 2);
  EXPECT_EQ(pool.apply(sum, 1, 2, 3), 6);
  EXPECT_EQ(later.get(), 3);
  EXPECT_EQ(later.get(), 3) << "as often as it is asked for";
  EXPECT_TRUE(later.successful());
}

TEST_P(PoolTest, MapKeepsTheOrder) {
  mp::Pool pool(two());
  EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
  std::vector<int> many(10'000);
  std::iota(many.begin(), many.end(), 0);
  std::vector<int> wanted(many.size());
  std::transform(many.begin(), many.end(), wanted.begin(), [](int x) { return x + 1; });
  for (const std::ptrdiff_t chunk : {1, 7, 100, 100'000}) {
    EXPECT_EQ(pool.map([](int x) { return x + 1; }, many, {.chunksize = chunk}), wanted) << chunk;
  }
  EXPECT_EQ(pool.map(shout, std::list<std::string>{"a", "b"}),
            (std::vector<std::string>{"a!", "b!"}));
  EXPECT_EQ(pool.map([](const char* text) { return std::string(text).size(); },
                     std::vector<const char*>{"a", "bcd"}),
            (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(pool.map_async(square, many).get()[99], 9801);
  EXPECT_TRUE(pool.map(square, std::vector<int>{}).empty());
  EXPECT_EQ(pool.map([](bool b) { return !b; }, std::vector<bool>{true, false}),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(pool.map(square, mp::test::OnePass(std::vector{3, 4, 5})), (std::vector{9, 16, 25}));
  pool.map([](int) {}, many);
}

TEST_P(PoolTest, StarmapSpreadsItsItems) {
  mp::Pool pool(two());
  EXPECT_EQ(pool.starmap(add, {{1, 2}, {3, 4}}), (std::vector{3, 7}));
  EXPECT_EQ(pool.starmap(add, std::vector<std::pair<int, int>>{{1, 2}, {5, 6}}),
            (std::vector{3, 11}));
  EXPECT_EQ(pool.starmap([](const std::string& a, int n) { return a + std::to_string(n); },
                         std::vector<std::tuple<std::string, int>>{{"x", 1}, {"y", 2}}),
            (std::vector<std::string>{"x1", "y2"}));
  EXPECT_EQ(pool.starmap_async(add, std::vector<std::array<int, 2>>{{1, 1}}).get(), std::vector{2});
}

TEST_P(PoolTest, ImapGivesOneResultAfterTheOther) {
  mp::Pool pool(two());
  std::vector<int> many(3000);
  std::iota(many.begin(), many.end(), 0);
  for (const std::ptrdiff_t chunk : {1, 10}) {
    int next = 0;
    for (const int result : pool.imap(square, many, {.chunksize = chunk})) {
      ASSERT_EQ(result, next * next);
      ++next;
    }
    EXPECT_EQ(next, 3000);
    std::set<int> seen;
    for (const int result : pool.imap_unordered(square, many, {.chunksize = chunk})) {
      seen.insert(result);
    }
    EXPECT_EQ(seen.size(), many.size());
  }
  auto texts = pool.imap(shout, {"a", "b"});
  EXPECT_EQ(texts.next(), "a!");
  EXPECT_EQ(texts.next(mp::test::plenty), "b!");
  EXPECT_EQ(texts.next(), std::nullopt);
  EXPECT_EQ(texts.next(), std::nullopt);
}

TEST_P(PoolTest, ValuesOfAllKindsCross) {
  mp::Pool pool(two());
  const Point mirrored = pool.apply([](Point p) { return Point{p.y, p.x}; }, Point{1, 2});
  EXPECT_EQ(mirrored.x, 2);
  EXPECT_EQ(*pool.apply([](int x) { return std::make_unique<int>(x); }, 5), 5) << "move-only";
  EXPECT_EQ(*pool.map([](int x) { return std::make_unique<int>(x); }, {1, 2})[1], 2);
  const auto once = pool.apply_async([](int x) { return std::make_unique<int>(x); }, 5);
  EXPECT_EQ(*once.get(), 5);
  EXPECT_THROW(once.get(), mp::ValueError) << "it was moved out";
  EXPECT_EQ(pool.apply([] { return std::vector<char>(3 << 20, 'x'); }).size(), 3U << 20);
  EXPECT_EQ(pool.apply([] { return std::string(1'000'000, 'y'); }).size(), 1'000'000U);

  mp::Lock lock;
  mp::Queue<int> queue;
  pool.map(
      [lock, queue](int x) {
        const std::scoped_lock guard(lock);
        queue.put(x);
      },
      {1, 2, 3});
  EXPECT_EQ(queue.get() + queue.get() + queue.get(), 6);
  EXPECT_EQ(pool.apply(
                [](mp::Queue<int> q) {
                  q.put(9);
                  return q;
                },
                queue),
            queue);
  EXPECT_EQ(queue.get(), 9);
}

TEST_P(PoolTest, AResultThatIsAReferenceIsNotCopiedFirst) {
  mp::Pool pool(two());
  const Counted result = pool.apply(counted);
  EXPECT_EQ(result.text, "counted");
  EXPECT_EQ(result.copies, 0);
}

std::vector<std::array<std::uint32_t, 3>> triples(std::uint32_t count) {
  std::vector<std::array<std::uint32_t, 3>> all(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    all[i] = {i, i + 1, i + 2};
  }
  return all;
}

TEST_P(PoolTest, ALargeResultIsWholeForAllWhoWait) {
  mp::Pool pool(two());
  const auto expected = triples(300'000);
  for (int round = 0; round < 3; ++round) {
    const auto result = pool.apply_async(triples, 300'000U);
    std::thread other([&] { EXPECT_TRUE(result.get() == expected); });
    EXPECT_TRUE(result.get() == expected);
    other.join();
  }
  const std::string text = pool.apply([] { return std::string(std::size_t{5} << 20, 'x'); });
  EXPECT_TRUE(text == std::string(std::size_t{5} << 20, 'x'));
}

struct Spoiled : std::runtime_error {
  explicit Spoiled(const std::string& what) : std::runtime_error(what) {}
};
[[maybe_unused]] const auto known = mp::register_exception<Spoiled>();

TEST_P(PoolTest, AnErrorArrivesAsItWasThrown) {
  mp::Pool pool(two());
  EXPECT_THROW(pool.apply([](int x) -> int { throw Spoiled(std::to_string(x)); }, 1), Spoiled);
  try {
    pool.map([](int x) -> int { return x != 3 ? x : throw std::out_of_range("three"); },
             {1, 2, 3, 4});
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "three");
    EXPECT_THROW(std::rethrow_if_nested(error), mp::RemoteTraceback);
  }
  const auto failed = pool.apply_async([]() -> int { throw std::runtime_error("no"); });
  EXPECT_TRUE(failed.wait(mp::test::plenty));
  EXPECT_FALSE(failed.successful());
  EXPECT_THROW(failed.get(), std::runtime_error);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(PoolTest, ImapGoesOnAfterAnError) {
  mp::Pool pool(two());
  auto results = pool.imap([](int x) { return x != 1 ? x : throw std::runtime_error("one"); },
                           {0, 1, 2}, {.chunksize = 3});
  EXPECT_EQ(results.next(), 0);
  EXPECT_THROW(results.next(), std::runtime_error);
  EXPECT_EQ(results.next(), 2);
  EXPECT_EQ(results.next(), std::nullopt);
}

struct Opaque {
  template <class Archive>
  void save(Archive&) const {
    throw std::runtime_error("it resists");
  }
  template <class Archive>
  void load(Archive&) {}
};

TEST_P(PoolTest, AResultThatCannotBeSentFailsItsTaskOnly) {
  mp::Pool pool(two());
  try {
    pool.apply([] { return Opaque(); });
    FAIL();
  } catch (const mp::MaybeEncodingError& error) {
    EXPECT_NE(std::string(error.what()).find("it resists"), std::string::npos) << error.what();
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

/// Of a type that is known, but cannot be written.
struct Unspeakable : std::runtime_error {
  Unspeakable() : std::runtime_error("unspeakable") {}
  template <class Archive>
  void save(Archive&) const {
    throw std::domain_error("it is secret");
  }
  template <class Archive>
  void load(Archive&) {}
};
[[maybe_unused]] const auto known_as_well = mp::register_exception<Unspeakable>();

TEST_P(PoolTest, AnErrorThatCannotBeSentFailsItsTaskOnly) {
  mp::Pool pool(two());
  auto results = pool.imap([](int x) { return x != 1 ? x : throw Unspeakable(); }, {0, 1, 2},
                           {.chunksize = 3});
  EXPECT_EQ(results.next(), 0);
  try {
    results.next();
    FAIL();
  } catch (const std::runtime_error& error) {
    const auto& remote = dynamic_cast<const mp::RemoteError&>(error);
    EXPECT_EQ(remote.message(), "unspeakable");
    EXPECT_NE(remote.traceback().find("it is secret"), std::string::npos) << remote.traceback();
  }
  EXPECT_EQ(results.next(), 2);
  EXPECT_EQ(pool.stats().workers_died, 0U);
}

TEST_P(PoolTest, TheInitializerRunsOnceInEachWorker) {
  mp::Queue<int> began;
  mp::Queue<int> left;
  {
    mp::Pool pool(
        two(), [began](int x) { began.put(x); }, 5);
    pool.at_worker_exit([left] { left.put(1); });
    EXPECT_EQ(began.get() + began.get(), 10);
    pool.close();
    pool.join();
  }
  EXPECT_EQ(left.qsize(), 2);
  EXPECT_TRUE(began.empty());
}

TEST_P(PoolTest, TheLifeOfAPool) {
  mp::Pool pool(two());
  EXPECT_EQ(fmt::format("{}", pool), "<multiprocess.pool.Pool state=RUN pool_size=2>");
  EXPECT_THROW(pool.join(), mp::ValueError);
  const auto last = pool.map_async([](int x) { return x; }, std::vector<int>(100, 3));
  const auto workers = mp::active_children();
  EXPECT_EQ(workers.size(), 2U);
  EXPECT_NE(workers[0].name().find("PoolWorker-"), std::string::npos) << workers[0].name();
  EXPECT_TRUE(workers[0].daemon());
  pool.close();
  EXPECT_THROW(pool.apply(square, 1), mp::ValueError);
  EXPECT_THROW(pool.map(square, {1}), mp::ValueError);
  EXPECT_THROW(pool.imap(square, {1}), mp::ValueError);
  pool.join();
  pool.join();
  pool.terminate();
  EXPECT_EQ(last.get(), std::vector<int>(100, 3)) << "what was asked for is done";
  EXPECT_TRUE(mp::active_children().empty());
}

TEST_P(PoolTest, TerminateCancelsWhatIsNotDone) {
  mp::AsyncResult<void> hanging;
  mp::AsyncResult<int> queued;
  mp::AsyncResult<int> done;
  {
    mp::Pool pool(two());
    done = pool.apply_async(square, 5);
    done.wait();
    mp::Queue<int> begun;
    for (int i = 0; i < 2; ++i) {
      hanging = pool.apply_async([begun] {
        begun.put(1);
        mp::Queue<int>().get();
      });
      begun.get();
    }
    queued = pool.apply_async(square, 1);
  }
  EXPECT_EQ(done.get(), 25);
  EXPECT_THROW(hanging.get(), mp::Cancelled);
  EXPECT_THROW(queued.get(), mp::Cancelled);
}

TEST_P(PoolTest, SeveralThreadsMayUseOne) {
  mp::Pool pool(two());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(pool.apply(add, t, i), t + i);
        EXPECT_EQ(pool.map(square, {t, i})[1], i * i);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_P(PoolTest, WorkersMayHavePoolsOfTheirOwn) {
  mp::Pool pool(two());
  const auto method = GetParam();
  EXPECT_EQ(pool.apply(
                [method](int x) {
                  mp::PoolOptions options;
                  options.start_method = method;
                  mp::Pool inner(options);
                  return inner.apply(square, x);
                },
                6),
            36);
}

TEST_P(PoolTest, ANotSendableInitializerStartsNobody) {
  const auto local = mp::fork_only([] {});
  if (GetParam() == mp::StartMethod::fork) {
    EXPECT_EQ(mp::Pool(two(), local).apply(square, 2), 4);
  } else {
    EXPECT_THROW(mp::Pool(two(), local), mp::NotSendable);
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolTest);

}  // namespace
