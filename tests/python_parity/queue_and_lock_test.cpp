// SPDX-License-Identifier: BSD-3-Clause
// What Python shows of Queue and Lock: python_parity/table.md, 2.6 and 2.7.
#include <multiprocess/multiprocess.hpp>

#include "python_parity/throws.hpp"
#include "support/start_methods.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

class QueueParity : public mp::test::StartMethods {};
class LockParity : public mp::test::StartMethods {};

TEST_P(QueueParity, PutFillsAndGetEmptiesAcrossProcesses) {
  const mp::Queue<int> q(2);
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(exitcode_of([q] {
              q.put(1);
              q.put_nowait(2);
            }),
            0);
  EXPECT_EQ(q.qsize(), 2);
  EXPECT_TRUE(q.full());
  EXPECT_FALSE(q.empty());
  EXPECT_THROW(q.put_nowait(3), mp::Full);
  EXPECT_THROW(q.put(3, 10ms), mp::Full);
  EXPECT_THROW(q.put(3, true, 10ms), mp::Full);
  EXPECT_THROW(q.put(3, false, 20s), mp::Full);
  EXPECT_THROW(q.put(3, -1s), mp::Full);
  EXPECT_EQ(q.get(20s), 1);
  EXPECT_FALSE(q.full());
  EXPECT_EQ(q.get_nowait(), 2);
  EXPECT_THROW(q.get_nowait(), mp::Empty);
  EXPECT_THROW(q.get(10ms), mp::Empty);
  EXPECT_THROW(q.get(true, 10ms), mp::Empty);
  EXPECT_THROW(q.get(false, 20s), mp::Empty);
  EXPECT_THROW(q.get(-1s), mp::Empty);
  EXPECT_TRUE(q.empty());
}

TEST_P(QueueParity, MaxsizeZeroOrLessIsNoLimit) {
  for (const std::ptrdiff_t maxsize : {0, -1}) {
    const mp::Queue<int> q(maxsize);
    for (int i = 0; i < 10000; ++i) {
      q.put(i, 0s);
    }
    EXPECT_FALSE(q.full());
    EXPECT_EQ(q.qsize(), 10000);
  }
}

TEST_P(QueueParity, CloseIsForThisProcess) {
  const mp::Queue<std::string> q;
  mp::Process p = process([q] {
    q.put("while open");
    q.close();
    q.close();
    q.join_thread();
    const std::string put = mp::test::what_it_throws([&] { q.put("x"); });
    const std::string get = mp::test::what_it_throws([&] { q.get(0s); });
    mp::exit(put == "ValueError" && get == "ValueError" ? 0 : 1);
  });
  p.start();
  ASSERT_TRUE(p.join(20s));
  EXPECT_EQ(p.exitcode(), 0);
  EXPECT_EQ(q.get(20s), "while open");
  EXPECT_THROW(q.join_thread(), mp::AssertionError);
  q.put("still open");
  q.cancel_join_thread();
  EXPECT_EQ(q.get(20s), "still open");
}

TEST_P(QueueParity, IsOpenInAChildAlthoughItIsClosedInTheParent) {
  const mp::Queue<int> q;
  const mp::Queue<int> out;
  q.put(5);
  q.close();
  EXPECT_EQ(exitcode_of([q, out] { out.put(q.get(20s)); }), 0);
  EXPECT_EQ(out.get(20s), 5);
}

TEST_P(QueueParity, UnreadItemsDoNotHoldTheirPutter) {
  const mp::Queue<std::string> q;
  mp::Process p = process([q] {
    for (int i = 0; i < 100; ++i) {
      q.put(std::string(100'000, 'x'));
    }
  });
  p.start();
  ASSERT_TRUE(p.join(20s)) << "Python would wait for the items to be read";
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(q.get(20s).size(), 100'000u);
  }
}

TEST_P(QueueParity, ItemsOfOneProducerKeepTheirOrder) {
  const mp::Queue<std::pair<int, int>> q;
  std::vector<mp::Process> producers;
  for (int who = 0; who < 3; ++who) {
    producers.push_back(process([q, who] {
      for (int i = 0; i < 500; ++i) {
        q.put({who, i});
      }
    }));
    producers.back().start();
  }
  std::map<int, int> next;
  for (int i = 0; i < 1500; ++i) {
    const auto [who, number] = q.get(20s);
    EXPECT_EQ(number, next[who]++);
  }
  for (mp::Process& p : producers) {
    p.join();
  }
}

TEST_P(QueueParity, AnyThreadMayPutAndGet) {
  const mp::Queue<int> in;
  const mp::Queue<int> out;
  mp::Process p = process([in, out] {
    const auto relay = [&] {
      for (const int x : in) {
        out.put(x);
      }
    };
    std::thread one(relay);
    std::thread two(relay);
    one.join();
    two.join();
  });
  p.start();
  std::thread other([&] { in.put(1); });
  in.put(2);
  other.join();
  in.shutdown();
  EXPECT_EQ(out.get(20s) + out.get(20s), 3);
  p.join();
}

/// A value whose bytes are refused when it is made of them.
struct Grumpy {
  int x = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(x);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(x);
    if (x < 0) {
      throw mp::ValueError("not today");
    }
  }
};

TEST_P(QueueParity, AnItemThatCannotBeDecodedIsGone) {
  const mp::Queue<Grumpy> q;
  EXPECT_EQ(exitcode_of([q] {
              q.put({-1});
              q.put({2});
            }),
            0);
  EXPECT_THROW(q.get(20s), mp::ValueError);
  EXPECT_EQ(q.get(20s).x, 2);
}

TEST_P(QueueParity, AKilledProcessBlocksNobody) {
  const mp::Queue<int> q;
  const mp::Queue<int> started;
  for (int round = 0; round < 10; ++round) {
    mp::Process p = process([q, started] {
      started.put(1);
      for (int i = 0;; ++i) {
        q.put(i);
        q.try_get();
      }
    });
    p.start();
    started.get(20s);
    p.kill();
    ASSERT_TRUE(p.join(20s));
    while (q.try_get()) {
    }
    q.put(-1);
    EXPECT_EQ(q.get(20s), -1);
  }
}

TEST_P(LockParity, AcquireTellsWhetherItGotIt) {
  const mp::Lock lock;
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(lock.acquire());
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.acquire(10ms)) << "not recursive";
  EXPECT_FALSE(lock.acquire(0s));
  EXPECT_FALSE(lock.acquire(-1s));
  EXPECT_FALSE(lock.acquire(false));
  EXPECT_FALSE(lock.acquire(false, 20s));
  EXPECT_FALSE(lock.acquire(true, 10ms));
  lock.release();
  EXPECT_THROW(lock.release(), mp::ValueError);
  EXPECT_TRUE(lock.acquire(false));
  lock.release();
}

TEST_P(LockParity, AnybodyMayRelease) {
  const mp::Lock lock;
  lock.acquire();
  EXPECT_EQ(exitcode_of([lock] {
              const bool held = lock.locked() && !lock.acquire(false);
              lock.release();
              mp::exit(held ? 0 : 1);
            }),
            0);
  EXPECT_FALSE(lock.locked());
  lock.acquire();
  std::thread([&] { lock.release(); }).join();
  EXPECT_FALSE(lock.locked());
}

TEST_P(LockParity, ReprNamesTheOwner) {
  const mp::Lock lock;
  EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=None)>");
  lock.acquire();
  EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=MainProcess)>");
  std::thread([&] {
    EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=SomeOtherThread)>");
    lock.release();
    lock.acquire();
    const std::string text = fmt::format("{}", lock);
    EXPECT_EQ(text.substr(0, 25), "<Lock(owner=MainProcess|T") << text;
    lock.release();
  }).join();
  lock.acquire();
  const mp::Queue<std::string> texts;
  EXPECT_EQ(exitcode_of([lock, texts] { texts.put(fmt::format("{}", lock)); }), 0);
  EXPECT_EQ(texts.get(20s), "<Lock(owner=SomeOtherProcess)>");
  lock.release();
}

TEST_P(LockParity, AChildHoldsNothingOfItsParents) {
  const mp::Lock lock;
  const std::scoped_lock guard(lock);
  EXPECT_EQ(exitcode_of([lock] { mp::exit(lock.acquire(false) ? 1 : 0); }), 0);
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.owner_died());
}

TEST_P(LockParity, AHolderThatIsKilledPassesItOn) {
  const mp::Lock lock;
  EXPECT_EQ(exitcode_of([lock] {
              lock.acquire();
              std::_Exit(9);
            }),
            9);
  ASSERT_TRUE(lock.acquire(20s));
  EXPECT_TRUE(lock.owner_died());
  lock.release();
  EXPECT_FALSE(lock.owner_died());
}

MULTIPROCESS_FOR_EACH_START_METHOD(QueueParity);
MULTIPROCESS_FOR_EACH_START_METHOD(LockParity);

}  // namespace
