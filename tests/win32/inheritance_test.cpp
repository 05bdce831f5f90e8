// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <windows.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace {

namespace mp = multiprocess;

struct Close {
  void operator()(HANDLE handle) const { CloseHandle(handle); }
};
using Event = std::unique_ptr<std::remove_pointer_t<HANDLE>, Close>;

/// Inheritable ones: so many that no handle of a child's own has the number of the last.
std::vector<Event> make_inheritable() {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  std::vector<Event> all(1000);
  for (Event& each : all) {
    each.reset(CreateEventW(&inheritable, TRUE, FALSE, nullptr));
  }
  return all;
}

bool is_handle(std::uint64_t number) {
  DWORD flags = 0;
  return GetHandleInformation(reinterpret_cast<HANDLE>(number), &flags) != 0;
}

TEST(Inheritance, AChildHasNoHandleThatItWasNotGiven) {
  const std::vector<Event> handles = make_inheritable();
  const auto last = reinterpret_cast<std::uint64_t>(handles.back().get());
  ASSERT_TRUE(is_handle(last));
  const mp::Queue<bool> answer;
  mp::Process child(
      [](std::uint64_t number, const mp::Queue<bool>& out) { out.put(is_handle(number)); }, last,
      answer);
  child.start();
  EXPECT_FALSE(answer.get(mp::test::plenty));
  child.join();
  mp::Pool pool(1);
  EXPECT_FALSE(pool.apply_async(is_handle, last).get(mp::test::plenty));
}

}  // namespace
