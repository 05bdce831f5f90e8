// SPDX-License-Identifier: BSD-3-Clause
// A manager's server that can have no more descriptors.
#include <multiprocess/manager.hpp>

#include <multiprocess/client.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include "support/handle_limit.hpp"
#include "support/latch.hpp"
#include "support/managers.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
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

}  // namespace
