// SPDX-License-Identifier: BSD-3-Clause
// Large items: put into a queue by one process and got by another.
#include "channels.hpp"
#include "harness/crew.hpp"
#include "queue_cases.hpp"
#include "transfer.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

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
