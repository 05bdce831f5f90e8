// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/doorbell.hpp>

#include "support/disturbance.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <utility>

// Doorbells and signals.

namespace os = multiprocess::detail::os;
using os::DoorbellState;

namespace {

class DoorbellAndSignals : public testing::Test {
 protected:
  std::pair<os::Handle, os::Handle> ends_ = os::make_doorbell();
  os::Handle& here_ = ends_.first;
  os::Handle& there_ = ends_.second;
};

TEST_F(DoorbellAndSignals, RingingAtNobodyIsNoSignal) {
  there_.reset();
  os::ring_doorbell(here_.get());
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST_F(DoorbellAndSignals, WaitsOnAfterSignals) {
  const multiprocess::test::CountedSignals signals;
  std::atomic<bool> done = false;
  std::thread waiter([&] {
    EXPECT_EQ(os::wait_for_doorbell(here_.get(), os::never), DoorbellState::rung);
    done = true;
  });
  while (signals.seen() < 50) {
    signals.send_to(waiter);
  }
  EXPECT_FALSE(done);
  os::ring_doorbell(there_.get());
  waiter.join();
}

}  // namespace
