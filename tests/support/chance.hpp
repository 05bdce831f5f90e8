// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

// MULTIPROCESS_CHAOS_SEED    repeats a run
// MULTIPROCESS_CHAOS_SCALE   so many times as many kills

namespace multiprocess::test {

/// What all chance of a test program begins with; printed when it is first asked for.
inline std::uint64_t chaos_seed() {
  static const std::uint64_t seed = [] {
    const char* const wanted = std::getenv("MULTIPROCESS_CHAOS_SEED");
    const std::uint64_t chosen =
        wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device()();
    std::cout << "seed: MULTIPROCESS_CHAOS_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

inline bool at_full_scale() {
  return std::getenv("MULTIPROCESS_CHAOS_SCALE") == nullptr;
}

inline std::uint64_t scaled(std::uint64_t kills) {
  const char* const scale = std::getenv("MULTIPROCESS_CHAOS_SCALE");
  return scale == nullptr
             ? kills
             : std::max<std::uint64_t>(
                   static_cast<std::uint64_t>(static_cast<double>(kills) * std::atof(scale)), 10);
}

}  // namespace multiprocess::test
