// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/hmac.hpp>

#include "support/forked.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace os = multiprocess::detail::os;
using multiprocess::test::Forked;
using namespace std::chrono_literals;

namespace {

void compute_all() {
  static_cast<void>(os::hmac_sha256({}, {}));
  static_cast<void>(os::hmac_md5({}, {}));
}

// The first time takes milliseconds, in which libcrypto is set up.
TEST(Hmac, IsThereInAChildThatWasForkedWhileAThreadComputedItsFirst) {
  if (multiprocess::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not follow a fork among threads";
  }
  for (int round = 0; round < 20; ++round) {
    Forked fresh([] {
      std::thread other(compute_all);
      std::vector<std::unique_ptr<Forked>> children;
      for (int i = 0; i < 15; ++i) {
        children.push_back(std::make_unique<Forked>(compute_all));
        std::this_thread::sleep_for(100us);
      }
      other.join();
      for (const auto& child : children) {
        if (!child->succeeds()) {
          _exit(2);
        }
      }
    });
    EXPECT_TRUE(fresh.succeeds());
  }
}

}  // namespace
