// SPDX-License-Identifier: BSD-3-Clause
// Large items: put into a queue by one process and got by another.
#include "channels.hpp"
#include "harness/crew.hpp"
#include "queue_cases.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

using Bytes = std::vector<std::byte>;

struct Load {
  std::string name;
  std::size_t size;
  int count;  // items in a repeat
};

const std::vector<Load> loads{{"64 KiB", std::size_t{64} << 10, 2000},
                              {"1 MiB", std::size_t{1} << 20, 200},
                              {"64 MiB", std::size_t{64} << 20, 6}};

/// Items before the time begins: the memory of all that are on their way has been used once.
constexpr int warm_up = 4;

/// Every item begins with its number.
void mark(Bytes& bytes, int number) {
  std::memcpy(bytes.data(), &number, sizeof(number));
}

void check(const Bytes& bytes, int number, std::size_t size) {
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

Contender queue(std::string name, const Load& load, std::ptrdiff_t maxsize) {
  return {std::move(name), [load, queue = mp::Queue<Bytes>(maxsize)](Placement placement) {
            return transfer(
                placement, load, [&](const Bytes& item) { queue.put(item); },
                [&] { return queue.get(); });
          }};
}

Contender pipe(const Load& load) {
  return {"pipe", [load, pipe = std::make_shared<PipeChannel>(true)](Placement placement) {
            Bytes into(load.size);
            return transfer(
                placement, load, [&](const Bytes& item) { pipe->put_bytes(item); },
                [&]() -> const Bytes& {
                  pipe->get_bytes(into);
                  return into;
                });
          }};
}

/// The limit: one process copies, from and to warm memory.
Contender copying(const Load& load) {
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

}  // namespace

void add_bytes(Suite& suite) {
  for (const Load& load : loads) {
    const std::string name = "bytes " + load.name;
    suite.add({.name = name,
               .placements = {Placement::split, Placement::same},
               .contenders = [&suite, &load, name]() -> std::vector<Contender> {
                 return {queue(std::string(ours), load, 0), queue("maxsize 4", load, 4),
                         suite.python(name), pipe(load), copying(load)};
               },
               .bytes = static_cast<double>(load.size)});
  }
}

}  // namespace bench
