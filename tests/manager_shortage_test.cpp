// SPDX-License-Identifier: BSD-3-Clause
// A manager's server that can have no more descriptors, or threads.
#include <multiprocess/manager.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/event.hpp>

#include "support/handle_limit.hpp"
#include "support/latch.hpp"
#include "support/managers.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <system_error>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using mp::test::plenty;

namespace {

constexpr const char* key = "the key of the test";
using Numbers = std::vector<int>;

bool has_room(Numbers&) {
  try {
    os::duplicate(0);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

class ManagerShortage : public mp::test::Managers {};
MULTIPROCESS_FOR_EACH_START_METHOD(ManagerShortage);

TEST_P(ManagerShortage, IsNoHarmToThoseWhoAreThere) {
  constexpr int count = 8;
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  mp::SyncManager server(mp::ManagerOptions{.start_method = GetParam(), .authkey = key});
  server.start();
  const auto numbers = server.list<int>({1});
  server.publish("numbers", numbers);
  mp::SyncManager manager(server.address(), key);
  manager.connect();
  const auto same = manager.lookup<mp::ListProxy<int>>("numbers");
  numbers.apply([](Numbers&) {
    static const mp::test::HandleLimit few(static_cast<rlim_t>(os::duplicate(0).get()) + 4);
  });

  multiprocess::test::Latch over(1);
  std::vector<std::jthread> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back([&] {
      try {
        const mp::Connection client =
            mp::connection::Client(server.address(), {.authkey = key, .strict = true});
        over.wait();
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + plenty;
  while (numbers.apply(has_room) && std::chrono::steady_clock::now() < deadline) {
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(same.size(), 1);
  }
  over.count_down();
  clients.clear();
  EXPECT_EQ(same.size(), 1) << "and all have been served";
}

/// So much memory as there is, and a little; but no thread can be had, by the stack of an ended one
/// either.
struct NoThreads {
  NoThreads() {
    getrlimit(RLIMIT_AS, &before);
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit little{pages * 4096 + (std::uint64_t{1} << 20), before.rlim_max};
    setrlimit(RLIMIT_AS, &little);
    try {
      while (true) {
        others.emplace_back([this] { over.wait(); });
      }
    } catch (const std::system_error&) {
    }
  }
  ~NoThreads() {
    over.count_down();
    setrlimit(RLIMIT_AS, &before);
  }

  rlimit before{};
  mp::test::Latch over{1};
  std::vector<std::jthread> others;
};

TEST_P(ManagerShortage, OfThreadsDoesNotKeepABarrierBusy) {
  if (mp::test::under_address_sanitizer || mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizers need more";
  }
  const mp::SyncManager server = manager();
  const auto barrier = server.Barrier(1, [] {});
  const auto numbers = server.list<int>();
  const mp::Event none;
  const mp::Event enough;
  std::thread busy([&] {
    numbers.apply([none, enough](Numbers&) {  // on the only thread that there is
      const NoThreads limit;
      none.set();
      enough.wait();
    });
  });
  ASSERT_TRUE(none.wait(plenty));
  EXPECT_ANY_THROW(barrier.wait());
  EXPECT_ANY_THROW(barrier.wait());
  enough.set();
  busy.join();
  EXPECT_EQ(barrier.wait(), 0);
}

}  // namespace
