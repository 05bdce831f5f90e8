// SPDX-License-Identifier: BSD-3-Clause
// Several threads at a connection, signals, and more than fits.
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/disturbance.hpp"
#include "support/stream_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::in_threads;
using mp::test::until;
using mp::test::use_now;

namespace {

using Ends = std::pair<mp::Connection, mp::Connection>;

class ConnectionThreads : public testing::TestWithParam<Ends (*)()> {
 protected:
  Ends ends_ = GetParam()();
  const mp::Connection& here_ = ends_.first;
  const mp::Connection& there_ = ends_.second;
};
INSTANTIATE_TEST_SUITE_P(PipeAndStream, ConnectionThreads,
                         testing::Values([] { return mp::Pipe(); }, &mp::test::make_stream_pair));

std::vector<int> numbers(int first, std::size_t count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST_P(ConnectionThreads, MessagesOfManySendersAndReceiversDoNotMix) {
  constexpr int each = 300;
  constexpr int threads = 4;
  std::atomic<long> sum = 0;
  in_threads(2 * threads, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      if (thread < threads) {
        // From a few bytes to more than any buffer holds.
        const auto size = static_cast<std::size_t>(i % 50 == 0 ? 100'000 : i * thread);
        there_.send(numbers(i, size + 1));
      } else {
        const auto got = here_.recv<std::vector<int>>();
        ASSERT_EQ(got, numbers(got.front(), got.size()));
        sum += got.front();
      }
    }
  });
  EXPECT_EQ(sum, threads * each * (each - 1) / 2);
  EXPECT_FALSE(here_.poll());
}

TEST_P(ConnectionThreads, BothWaysAtOnce) {
  in_threads(4, [&](int thread) {
    const mp::Connection& end = thread % 2 == 0 ? here_ : there_;
    for (int i = 0; i < 2000; ++i) {
      if (thread < 2) {
        end.send(i);
      } else {
        ASSERT_EQ(end.recv<int>(), i);
      }
    }
  });
}

TEST_P(ConnectionThreads, LargeMessagesBothWays) {
  for (const std::size_t mebibytes : {1U, 64U}) {
    const std::string message(mebibytes << 20, 'm');
    std::jthread echo([this] { there_.send_bytes(there_.recv_bytes()); });
    here_.send_bytes(message);
    std::string back(message.size(), '-');
    EXPECT_EQ(here_.recv_bytes_into(back), message.size());
    EXPECT_TRUE(back == message);
  }
}

TEST_P(ConnectionThreads, ASenderWaitsForAReceiverAndGoesOn) {
  std::atomic<int> sent = 0;
  constexpr int count = 20;
  const std::string message(1 << 20, 'x');
  const std::jthread sender([&] {
    for (; sent < count; ++sent) {
      there_.send_bytes(message);
    }
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_LT(sent, 10) << "no more than some megabytes wait unread";
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(here_.recv_bytes().size(), message.size());
  }
}

TEST_P(ConnectionThreads, SignalsDisturbNothing) {
  if (!mp::test::can_disturb) {
    GTEST_SKIP() << "nothing can interrupt a wait here";
  }
  std::thread peer([this] {
    for (auto got = there_.recv_bytes(); !got.empty(); got = there_.recv_bytes()) {
      std::this_thread::sleep_for(1ms);
      there_.send_bytes(got);
    }
  });
  mp::test::run_disturbed([this] {
    for (int i = 0; i < 30; ++i) {
      const std::string message(i % 2 == 0 ? 10 : 3'000'000, 'x');
      here_.send_bytes(message);
      EXPECT_TRUE(here_.poll(mp::forever));
      EXPECT_EQ(here_.recv_bytes().size(), message.size());
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(here_.poll(30ms));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
  });
  here_.send_bytes("");
  peer.join();
}

TEST_P(ConnectionThreads, ASleepingReceiverIsWokenByTheEnd) {
  const std::jthread receiver([this] { EXPECT_THROW(here_.recv(), mp::EOFError); });
  const std::jthread poller([this] { EXPECT_TRUE(here_.poll(mp::forever)); });
  std::this_thread::sleep_for(10ms);
  there_.close();
}

TEST_P(ConnectionThreads, ASleepingSenderIsWokenByTheEnd) {
  const std::jthread sender([this] {
    try {
      while (true) {
        there_.send_bytes(std::string(1 << 20, 'x'));
      }
    } catch (const std::system_error& error) {
      EXPECT_TRUE(error.code() == std::errc::broken_pipe ||
                  error.code() == std::errc::connection_reset);
    }
  });
  std::this_thread::sleep_for(20ms);
  here_.close();
}

TEST(PipeThreads, MillionsOfMessagesCostNoMemory) {
  const auto [here, there] = mp::Pipe();
  const auto pass = [&, here = here, there = there](int count) {
    in_threads(2, [&](int thread) {
      for (int i = 0; i < count; ++i) {
        if (thread == 0) {
          there.send(i);
        } else {
          ASSERT_EQ(here.recv<int>(), i);
        }
      }
    });
  };
  pass(10'000);
  for (int i = 0; i < 1024; ++i) {  // as full as it may get: it has all its segments by now
    there.send(i);
  }
  for (int i = 0; i < 1024; ++i) {
    ASSERT_EQ(here.recv<int>(), i);
  }
  const auto before = use_now();
  pass(500'000);
  EXPECT_LE(use_now().parts, before.parts + 1);
}

TEST(PipeThreads, MemoryComesBackWhenAPipeIsDrained) {
  const auto [here, there] = mp::Pipe();
  auto before = use_now();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 60; ++i) {
      there.send_bytes(std::string(60'000, 'x'));
    }
    for (int i = 0; i < 60; ++i) {
      here.recv_bytes();
    }
    if (round == 10) {
      before = use_now();  // it has its segments by now
    }
  }
  EXPECT_EQ(use_now(), before);
}

TEST(PipeThreads, ASenderWaitsAt1024MessagesOr4Mebibytes) {
  for (const std::size_t size : {1U, 100U, 8192U, 1U << 20}) {
    const auto [here, there] = mp::Pipe();
    std::atomic<std::size_t> sent = 0;
    const std::jthread sender([&, there = there] {
      try {
        for (const std::string message(size, 'x'); true; ++sent) {
          there.send_bytes(message);
        }
      } catch (const std::system_error&) {
      }
    });
    const std::size_t most = std::min<std::size_t>(1024, (4 << 20) / size);
    until([&] { return sent == most; });
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(sent, most);
    here.recv_bytes();
    until([&] { return sent == most + 1; });
    here.close();
  }
}

}  // namespace
