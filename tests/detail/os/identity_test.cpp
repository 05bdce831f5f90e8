// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/identity.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/process.hpp>

#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;

namespace {

constexpr std::uint32_t number_of_nobody = 0x3fffffff;

std::uint32_t own_pid() {
  return static_cast<std::uint32_t>(os::current_pid());
}

/// A process that waits to be killed.
class Waiting {
 public:
  Waiting() : process_(&mp::test::wait_to_be_killed) { process_.start(); }
  ~Waiting() { end(); }

  std::uint32_t pid() const { return static_cast<std::uint32_t>(process_.pid()); }
  void end() {
    process_.kill();
    process_.join();
  }

 private:
  mp::Process process_;
};

class Identity : public testing::Test {
  void TearDown() override { mp::detail::stop_server(); }
};

TEST_F(Identity, ThisProcessLives) {
  const os::Identity self = os::this_identity();
  EXPECT_EQ(self.pid, own_pid());
  EXPECT_FALSE(os::has_ended(self));
}

TEST_F(Identity, AChildLivesUntilItIsKilled) {
  Waiting child;
  const os::Identity who = os::child_identity(static_cast<int>(child.pid()));
  EXPECT_FALSE(os::has_ended(who));
  child.end();
  EXPECT_TRUE(os::has_ended(who));
}

TEST_F(Identity, ANumberThatBelongsToAYoungerProcessIsAnEnd) {
  os::Identity old = os::this_identity();
  old.seen = 0;  // as if it had lived when the system started
  EXPECT_TRUE(os::has_ended(old));
}

TEST_F(Identity, NobodyHasANumberThatCannotBe) {
  os::Identity nobody = os::this_identity();
  nobody.pid = number_of_nobody;
  EXPECT_TRUE(os::has_ended(nobody));
}

TEST_F(Identity, AQuickLookSeesWhoRuns) {
  EXPECT_TRUE(os::runs(own_pid()));
  EXPECT_FALSE(os::runs(number_of_nobody));
  Waiting child;
  EXPECT_TRUE(os::runs(child.pid()));
  child.end();
  EXPECT_FALSE(os::runs(child.pid()));
}

TEST_F(Identity, ASentinelTellsOfTheEndOfAnyProcess) {
  EXPECT_FALSE(os::sentinel_of(number_of_nobody));
  const os::Handle own = os::sentinel_of(own_pid());
  EXPECT_FALSE(os::wait_readable(own.get(), os::at_once));
  Waiting child;
  const os::Handle sentinel = os::sentinel_of(child.pid());
  ASSERT_TRUE(sentinel);
  EXPECT_FALSE(os::wait_readable(sentinel.get(), os::at_once));
  child.end();
  EXPECT_TRUE(os::wait_readable(sentinel.get(), os::never));
}

}  // namespace
