// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/parcel.hpp>

#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace multiprocess::test {

/// What the keeper is told of has happened by then; what it has to find out takes it a second.
inline constexpr std::chrono::milliseconds soon{500};

/// The number of the process that keeps this tree's descriptors, 0 when none was started.
inline int keeper_pid() {
  const auto ticket = detail::Ticket::from(detail::keeper_state().keeper.load());
  return ticket ? static_cast<int>(detail::participant(ticket.slot).pid.read(ticket.generation))
                : 0;
}

/// Of any process; empty when it is gone.
inline detail::os::Handle sentinel_of(int pid) {
  return detail::os::sentinel_of(static_cast<std::uint32_t>(pid));
}

/// As a user would. It has ended when this returns.
inline void kill_keeper() {
  const int pid = keeper_pid();
  if (const detail::os::Handle keeper = sentinel_of(pid)) {
    kill_process(pid);
    detail::os::wait_ended(keeper.get(), detail::os::never);
  }
}

/// True when the keeper comes to hold so many descriptors within the time.
inline bool deposits_become(std::size_t count, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (detail::count_deposits() != count) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A pipe tells at its reading end whether anybody has the writing end.
inline bool is_at_end(const detail::os::Handle& read_end, std::chrono::milliseconds within) {
  return detail::os::wait_readable(read_end.get(), std::chrono::steady_clock::now() + within);
}

/// Which open thing a descriptor refers to.
inline std::uint64_t thing(detail::os::NativeHandle descriptor) {
  return detail::os::stream_id(descriptor);
}

/// A descriptor with the keeper, as a message has it.
struct Deposit {
  explicit Deposit(detail::os::NativeHandle handle)
      : number(detail::next_deposit()), parcel(detail::make_parcel(number, {}, 0)) {
    detail::deposit(handle, number, parcel.offset());
  }

  std::uint64_t number;
  detail::SharedRef parcel;
};

/// Two ends, of which the writing one is kept elsewhere.
class Deposits : public testing::Test {
 protected:
  ~Deposits() override { EXPECT_TRUE(deposits_become(0, soon)); }

  detail::os::Pipe pipe_ = detail::os::make_pipe();
};

}  // namespace multiprocess::test
