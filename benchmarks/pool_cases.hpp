// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "harness/suite.hpp"

#include <multiprocess/pool.hpp>

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// What the tasks are: hardly anything.
int same(int x);

/// 0, 1, ... before `count`.
std::vector<int> numbers(int count);

/// Nanoseconds for each of `repeats` calls of `work`; what these return goes while no time is
/// measured.
template <class Work>
double each(int repeats, Work work) {
  double elapsed = 0;
  for (int i = 0; i < repeats; ++i) {
    const double begun = now();
    [[maybe_unused]] const auto result = work();
    elapsed += now() - begun;
  }
  return elapsed / repeats;
}

/// A contender whose pool of two workers starts in the first repeat and stays. The process is
/// placed while `work(pool)` gives the figure.
Contender with_pool(std::string name, std::function<double(multiprocess::Pool&)> work);

/// The figure of a process of its own, for threads: the pools are forked by a process without.
double apart(Placement placement, const std::function<double()>& work);

/// Many items: map and imap.
void add_maps(Suite& suite);

/// Single calls: apply and apply_async.
void add_calls(Suite& suite);

/// What a pool costs: to make one, to have one.
void add_upkeep(Suite& suite);

/// What large work leaves behind.
void add_footprint(Suite& suite);

}  // namespace bench
