// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/wait.hpp>

#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/disturbance.hpp"
#include "support/handle_limit.hpp"
#include "support/start_methods.hpp"
#include "support/stream_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = mp::detail::os;
using namespace std::chrono_literals;

namespace {

using Indices = std::vector<std::size_t>;
using Ends = std::pair<mp::Connection, mp::Connection>;

/// Three channels; to be waited for are their first ends.
class Wait : public testing::TestWithParam<Ends (*)()> {
 protected:
  Indices wait(mp::Timeout timeout = mp::forever) const { return mp::wait(here_, timeout); }

  Wait() {
    for (int i = 0; i < 3; ++i) {
      const auto [here, there] = GetParam()();
      here_.push_back(here);
      there_.push_back(there);
    }
  }
  std::vector<mp::Connection> here_;
  std::vector<mp::Connection> there_;
};
INSTANTIATE_TEST_SUITE_P(PipesAndStreams, Wait,
                         testing::Values([] { return mp::Pipe(); }, &mp::test::make_stream_pair));

TEST_P(Wait, NamesTheReadyOnesInOrder) {
  EXPECT_EQ(wait(0s), Indices{});
  there_[2].send(1);
  EXPECT_EQ(wait(), (Indices{2}));
  there_[0].send(1);
  EXPECT_EQ(wait(), (Indices{0, 2}));
  there_[1].send_bytes("");
  EXPECT_EQ(wait(5s), (Indices{0, 1, 2}));
  EXPECT_EQ(wait(0s), (Indices{0, 1, 2})) << "nothing is consumed";
  for (const mp::Connection& each : here_) {
    each.recv_bytes();
  }
  EXPECT_EQ(wait(0s), Indices{});
}

TEST_P(Wait, WaitsUntilOneIsReady) {
  const std::jthread sender([this] {
    std::this_thread::sleep_for(20ms);  // so that the other one sleeps, most of the time
    there_[1].send("hello");
  });
  EXPECT_EQ(wait(), (Indices{1}));
  EXPECT_EQ(here_[1].recv<std::string>(), "hello");
}

TEST_P(Wait, NamesNobodyWhenTheTimeIsUp) {
  EXPECT_EQ(wait(-1s), Indices{}) << "negative is zero";
  for (const auto time : {1ms, 20ms, 150ms}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(wait(time), Indices{});
    EXPECT_GE(std::chrono::steady_clock::now() - start, time);
  }
}

TEST_P(Wait, AnEndIsReady) {
  there_[1].close();
  EXPECT_EQ(wait(), (Indices{1}));
  there_[2].send(1);
  there_[2].close();
  EXPECT_EQ(wait(), (Indices{1, 2}));
  EXPECT_EQ(here_[2].recv<int>(), 1);
  EXPECT_EQ(wait(), (Indices{1, 2}));
  EXPECT_THROW(here_[1].recv(), mp::EOFError);
}

TEST_P(Wait, AnEndWakes) {
  const std::jthread closer([this] {
    std::this_thread::sleep_for(20ms);
    there_[0].close();
  });
  EXPECT_EQ(wait(), (Indices{0}));
}

TEST_P(Wait, WhatStandsThereTwiceIsReportedTwice) {
  there_[0].send(1);
  EXPECT_EQ(mp::wait({here_[0], here_[1], here_[0]}), (Indices{0, 2}));
  const mp::Connection copy = here_[0];
  EXPECT_EQ(mp::wait({copy, here_[0]}), (Indices{0, 1}));
  here_[0].recv();
  EXPECT_EQ(mp::wait({here_[0], here_[0]}, 5ms), Indices{});
}

TEST_P(Wait, AClosedOneIsAnError) {
  here_[1].close();
  EXPECT_THROW(wait(0s), std::system_error);
  EXPECT_THROW(mp::wait({mp::Connection()}), std::system_error);
}

TEST_P(Wait, MayBeUsedInALoopUntilAllHaveEnded) {
  std::vector<std::jthread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([i, end = there_[static_cast<std::size_t>(i)]] {
      for (int k = 0; k < 200; ++k) {
        end.send(k * i);
      }
      end.close();
    });
  }
  int sum = 0;
  while (!here_.empty()) {
    const Indices ready = wait();
    for (auto i = ready.rbegin(); i != ready.rend(); ++i) {
      const auto at = here_.begin() + static_cast<std::ptrdiff_t>(*i);
      try {
        sum += at->recv<int>();
      } catch (const mp::EOFError&) {
        here_.erase(at);
      }
    }
  }
  EXPECT_EQ(sum, 199 * 200 / 2 * 3);
}

TEST_P(Wait, IsNotDisturbedBySignals) {
  if (!mp::test::can_disturb) {
    GTEST_SKIP() << "nothing can interrupt a wait here";
  }
  mp::test::run_disturbed([this] {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(wait(150ms), Indices{});
    EXPECT_GE(std::chrono::steady_clock::now() - start, 150ms);
  });
}

TEST_P(Wait, AWriterIsNothingToWaitFor) {
  const auto [reader, writer] = mp::Pipe(false);
  EXPECT_THROW(mp::wait({writer}, 0s), std::system_error);
  EXPECT_EQ(mp::wait({reader}, 0s), Indices{});
}

TEST(WaitForNothing, WaitsForTheTimeout) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(mp::wait({}, 10ms), Indices{});
  EXPECT_EQ(mp::wait(std::vector<mp::Connection>(), 10ms), Indices{});
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  EXPECT_EQ(mp::wait({}, 0s), Indices{});
}

TEST(WaitForAll, KindsOfThings) {
  os::Pipe raw = os::make_pipe();
  os::Pipe owned = os::make_pipe();
  const mp::Fd fd(std::move(owned.read));
  const auto [here, there] = mp::Pipe();
  const auto [stream, other] = mp::test::make_stream_pair();
  const auto ready = [&, here = here, stream = stream] {
    return mp::wait({static_cast<int>(raw.read.get()), fd, here, stream}, 0s);
  };
  EXPECT_EQ(ready(), Indices{});
  there.send(1);
  EXPECT_EQ(ready(), (Indices{2}));
  os::write_all(owned.write.get(), std::array{std::byte{1}});
  EXPECT_EQ(ready(), (Indices{1, 2}));
  raw.write.reset();
  other.send(1);
  EXPECT_EQ(ready(), (Indices{0, 1, 2, 3}));
}

TEST(WaitForAll, AnyRangeWillDo) {
  const auto [here, there] = mp::Pipe();
  there.send(1);
  const std::list<mp::Connection> list{here, here};
  EXPECT_EQ(mp::wait(list), (Indices{0, 1}));
  const std::array array{here};
  EXPECT_EQ(mp::wait(array), (Indices{0}));
  EXPECT_EQ(mp::wait(std::vector<mp::Waitable>{here, here.fileno()}, 1s), (Indices{0, 1}));
  EXPECT_EQ(mp::wait(std::vector<int>{here.fileno()}, 1s), (Indices{0}));
  EXPECT_EQ(mp::connection::wait({here}), (Indices{0})) << "Python's place for it";
}

TEST(WaitForAll, ADescriptorThatIsNotOpenIsAnError) {
  EXPECT_THROW(mp::Waitable(-1), mp::ValueError);
  EXPECT_THROW(mp::wait({mp::Fd()}, 0s), std::system_error);
  const auto [here, there] = mp::Pipe();
  const int closed = static_cast<int>(os::make_pipe().read.get());
  try {
    mp::wait({here, closed});
    FAIL() << "it is not ready, but invalid";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
  }
}

TEST(WaitForAll, AThousandThings) {
  const std::size_t count = std::min<std::size_t>(2000, (os::raise_handle_limit() - 100) / 2);
  std::vector<mp::Connection> here;
  std::vector<mp::Connection> there;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [a, b] = mp::Pipe();
    here.push_back(a);
    there.push_back(b);
  }
  EXPECT_EQ(mp::wait(here, 0s), Indices{});
  there[count - 1].send(1);
  there[7].send(1);
  EXPECT_EQ(mp::wait(here), (Indices{7, count - 1}));
  there[0].close();
  EXPECT_EQ(mp::wait(here), (Indices{0, 7, count - 1}));
}

TEST(WaitForAll, MoreThingsThanTheProcessMayHaveDescriptors) {
  const mp::test::HandleLimit low(256);
  const auto [here, there] = mp::Pipe();
  there.send(1);
  EXPECT_EQ(mp::wait(std::vector<mp::Connection>(5000, here)).size(), 5000U);
  here.recv();
  EXPECT_EQ(mp::wait(std::vector<mp::Connection>(5000, here), 1ms), Indices{});
}

TEST(WaitForAll, SeveralMayWaitForTheSame) {
  const auto [here, there] = mp::Pipe();
  std::atomic<bool> done = false;
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&, here = here] {
        while (!done) {
          mp::wait({here}, 1ms);
        }
      });
    }
    for (int i = 0; i < 300; ++i) {
      there.send(i);
      EXPECT_EQ(here.recv<int>(), i);
    }
    done = true;
  }
  EXPECT_EQ(mp::wait({here}, 0s), Indices{});
}

TEST(WaitForAll, ADescriptorTellsTheTruthAfterwards) {
  const auto [here, there] = mp::Pipe();
  for (int i = 0; i < 200; ++i) {
    const std::jthread sender([there = there, i] { there.send(i); });
    EXPECT_EQ(mp::wait({here}), (Indices{0}));
    EXPECT_EQ(here.recv<int>(), i);
  }
  EXPECT_EQ(mp::wait({here}, 0s), Indices{});
}

class KilledWaiter : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(KilledWaiter);

TEST_P(KilledWaiter, LeavesNothingThatHarms) {
  const auto [here, there] = mp::Pipe();
  const mp::Event ready;
  mp::Process waiter = start(
      [](const mp::Connection& end, const mp::Event& about_to) {
        about_to.set();
        mp::wait({end});
      },
      here, ready);
  ready.wait();
  std::this_thread::sleep_for(5ms);  // so that it sleeps, most of the time
  waiter.kill();
  waiter.join();
  for (int i = 0; i < 100; ++i) {
    there.send(i);
    EXPECT_EQ(mp::wait({here}, 20s), (Indices{0}));
    EXPECT_EQ(here.recv<int>(), i);
    EXPECT_EQ(mp::wait({here}, 0s), Indices{});
  }
}

}  // namespace
