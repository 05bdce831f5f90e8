// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

namespace multiprocess::test {

/// What this process and its descendants have at one moment: descriptors, shared mappings, threads,
/// processes (zombies included), entries in /dev/shm. From a key that identifies the thing to words
/// that describe it.
using Inventory = std::map<std::string, std::string>;

Inventory take_inventory();

/// What is there now, was not in `before`, and does not go away within two seconds. What the
/// library keeps from its first use to the end of the program is allowed once.
std::vector<std::string> leftovers(const Inventory& before);

/// Our children, zombies included, and orphaned processes that still run this program.
std::vector<int> descendants();

std::vector<int> threads_of(int pid);

/// Name, state and what in the kernel it waits for.
std::string describe_thread(int pid, int thread);

}  // namespace multiprocess::test
