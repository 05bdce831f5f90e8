// SPDX-License-Identifier: BSD-3-Clause
// Whoever wants three items at once waits under a condition until there are three.
#include <multiprocess/multiprocess.hpp>

#include <fmt/format.h>

#include <mutex>
#include <vector>

namespace mp = multiprocess;

/// Items of which one takes several, or none.
struct Shelf {
  mp::Condition changed;
  mp::Queue<int> items;
};

void sell(const Shelf& shelf, const mp::Queue<int>& sums) {
  const std::scoped_lock guard(shelf.changed);
  shelf.changed.wait_for([&] { return shelf.items.qsize() >= 3; });
  sums.put(shelf.items.get() + shelf.items.get() + shelf.items.get());
}

int main() {
  const mp::Condition c;
  fmt::print("{}\n", c);
  c.acquire();
  fmt::print("{}\n", c);
  c.release();

  const Shelf shelf;
  const mp::Queue<int> sums;
  std::vector<mp::Process> buyers;
  for (int i = 0; i < 2; ++i) {
    buyers.emplace_back(sell, shelf, sums).start();
  }
  for (int item = 1; item <= 6; ++item) {
    const std::scoped_lock guard(shelf.changed);
    shelf.items.put(item);
    shelf.changed.notify_all();
  }
  fmt::print("{} + {} = 21\n", sums.get(), sums.get());
  for (mp::Process& buyer : buyers) {
    buyer.join();
  }
}
