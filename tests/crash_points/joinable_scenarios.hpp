// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "crash_points/scenarios.hpp"

#include <cstddef>

namespace multiprocess::test {

// What victims do with joinable queues.
void take_and_finish_jobs(World& world);
void empty_hands(World& world);
void tell_a_joiner(World& world);

/// Fails the test unless the jobs that are left can be done, and all the others are done or lost.
void check_jobs(const World& world, std::size_t victims);

}  // namespace multiprocess::test
