// SPDX-License-Identifier: BSD-3-Clause
// Pool against Python's, against TBB and against threads that share a queue.
#include "harness/crew.hpp"
#include "pool_cases.hpp"

#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace bench {

namespace mp = multiprocess;

int same(int x) {
  return x;
}

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Contender with_pool(std::string name, std::function<double(mp::Pool&)> work) {
  return {std::move(name),
          [work = std::move(work),
           pool = std::make_shared<std::optional<mp::Pool>>()](Placement placement) {
            const Placed placed(placement, 0);
            if (!*pool) {
              pool->emplace(2);
            }
            return work(**pool);
          }};
}

double apart(Placement placement, const std::function<double()>& work) {
  Shared<std::atomic<double>> figure(0.0);
  run_crew(placement, {[&](Gate& gate) {
             gate.wait();
             *figure = work();
           }});
  return *figure;
}

}  // namespace bench

int main(int argc, char** argv) {
  bench::Suite suite("pool", argc, argv);
  bench::add_upkeep(suite);  // first: a fork costs the more, the more memory the process has
  bench::add_maps(suite);
  bench::add_calls(suite);
  bench::add_footprint(suite);
  return suite.run();
}
