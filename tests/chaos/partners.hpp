// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/victims.hpp"

#include <multiprocess/connection.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace multiprocess::test {

/// How a process at one end of a pipe spends its life, until nobody is left at the other one. Who
/// sends has only so many messages, and then receives.
enum class Habit : std::uint32_t { recv, poll, wait, descriptor, send, talk };
inline constexpr std::uint32_t habits = 6;

inline bool only_receives(Habit habit) noexcept {
  return habit < Habit::send;
}

/// What a partner gets: the other end as well, to close it.
struct Ends {
  std::string ledger;
  std::vector<Connection> own;
  std::vector<Connection> other;
};

struct Partnership {
  Habit habit;
  Kind kind;  // of mail
  std::uint32_t number;
  std::uint32_t quota;
  std::uint64_t seed;
};

/// Ends when nobody is left at the other end, and notes when that was.
void be_partner(Ends ends, Partnership task);

const char* name_of(Habit habit);

/// How long a process of one thread could have run and did not get a CPU, in its whole life; 0
/// where the kernel does not say.
std::chrono::nanoseconds waited_for_cpu(int pid);

}  // namespace multiprocess::test
