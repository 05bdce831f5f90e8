// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "harness/crew.hpp"
#include "harness/suite.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace bench {

/// Large messages, from one process to another.
using Bytes = std::vector<std::byte>;

struct Load {
  std::string name;
  std::size_t size;
  int count;  // items in a repeat
};

inline const std::vector<Load> loads{{"64 KiB", std::size_t{64} << 10, 2000},
                                     {"1 MiB", std::size_t{1} << 20, 200},
                                     {"64 MiB", std::size_t{64} << 20, 6}};

/// Items before the time begins: the memory of all that are on their way has been used once.
inline constexpr int warm_up = 4;

/// Every item begins with its number.
inline void mark(Bytes& bytes, int number) {
  std::memcpy(bytes.data(), &number, sizeof(number));
}

inline void check(const Bytes& bytes, int number, std::size_t size) {
  int found = 0;
  std::memcpy(&found, bytes.data(), sizeof(found));
  require(bytes.size() == size && found == number && bytes.back() == std::byte{7}, "item");
}

/// Nanoseconds for each item that `put` sends and `get` returns.
template <class Put, class Get>
double transfer(Placement placement, const Load& load, Put put, Get get) {
  const int count = scaled(load.count);
  const Role producer = [&](Gate& gate) {
    Bytes item(load.size, std::byte{7});
    for (int i = 0; i < warm_up + count; ++i) {
      if (i == warm_up) {
        gate.wait();
      }
      mark(item, i);
      put(item);
    }
  };
  const Role consumer = [&](Gate& gate) {
    for (int i = 0; i < warm_up + count; ++i) {
      if (i == warm_up) {
        gate.wait();
      }
      check(get(), i, load.size);
    }
  };
  return run_crew(placement, {producer, consumer}) / count;
}

/// The limit: one process copies, from and to warm memory.
inline Contender copying(const Load& load) {
  return {"memcpy",
          [load, from = Bytes(load.size), to = Bytes(load.size)](Placement placement) mutable {
            const Placed placed(placement, 0);
            const int count = scaled(load.count);
            const double begun = now();
            for (int i = 0; i < count; ++i) {
              mark(from, i);
              std::memcpy(to.data(), from.data(), to.size());
              asm volatile("" : : "r"(to.data()) : "memory");  // the copies are wanted
            }
            return (now() - begun) / count;
          }};
}

}  // namespace bench
