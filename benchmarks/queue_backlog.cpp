// SPDX-License-Identifier: BSD-3-Clause
// What a message costs when many lie in the queue.
#include "harness/crew.hpp"
#include "queue_cases.hpp"

#include <multiprocess/queue.hpp>

#include <algorithm>
#include <string>

namespace bench {

namespace {

namespace mp = multiprocess;

/// Put and got by one process, so many at a time.
Contender in_batches(std::string name, int batch) {
  return {std::move(name), [batch](Placement placement) {
            const Placed placed(placement, 0);
            const int count = scaled(10'000'000);
            const int each = std::min(batch, count);
            const mp::Queue<int> queue;
            const double begun = now();
            for (int done = 0; done < count; done += each) {
              for (int i = 0; i < each; ++i) {
                queue.put(i);
              }
              for (int i = 0; i < each; ++i) {
                require(queue.get() == i, "order");
              }
            }
            return (now() - begun) / count;
          }};
}

}  // namespace

void add_backlog(Suite& suite) {
  suite.add({.name = "backlog of 10M",
             .placements = {Placement::same},
             .contenders = []() -> std::vector<Contender> {
               return {in_batches(std::string(ours), 10'000'000), in_batches("of 10k", 10'000)};
             },
             .most_rounds = 3});
}

}  // namespace bench
