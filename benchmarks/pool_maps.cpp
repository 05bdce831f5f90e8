// SPDX-License-Identifier: BSD-3-Clause
// A function of next to no work for many items.
#include "harness/crew.hpp"
#include "peers/tbb_map.hpp"
#include "peers/thread_pool.hpp"
#include "pool_cases.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace bench {

namespace {

namespace mp = multiprocess;

const std::vector<Placement> placements{Placement::free, Placement::same};

struct Maps {
  int items;
  int count;  // maps in a repeat
  bool each_alone = false;
};

/// Nanoseconds for each item of what `map(items)` does, which is checked.
template <class Map>
double each_item(const Maps& maps, Map map) {
  const std::vector<int> items = numbers(scaled(maps.items));
  require(map(items) == items, "map");
  return each(maps.count, [&] { return map(items); }) / static_cast<double>(items.size());
}

Contender ours_of(const Maps& maps, std::string name = std::string(ours)) {
  return with_pool(std::move(name), [maps](mp::Pool& pool) {
    mp::MapOptions options;
    if (maps.each_alone) {
      options.chunksize = 1;
    }
    return each_item(maps,
                     [&](const std::vector<int>& items) { return pool.map(same, items, options); });
  });
}

Contender threads_of(const Maps& maps) {
  return {"threads", [maps](Placement placement) {
            return apart(placement, [&] {
              ThreadPool pool(2);
              return each_item(maps, [&](const std::vector<int>& items) {
                return pool.map(same, items, maps.each_alone ? 1 : 0);
              });
            });
          }};
}

Contender tbb_of(const Maps& maps) {
  return {"TBB", [maps](Placement placement) -> std::optional<double> {
            if (!has_tbb()) {
              return std::nullopt;
            }
            return apart(placement, [&] {
              return each_item(maps, [&](const std::vector<int>& items) {
                return map_by_tbb(same, items, maps.each_alone);
              });
            });
          }};
}

void add_map(Suite& suite, const std::string& name, const Maps& maps) {
  suite.add(
      {.name = name,
       .placements = placements,
       .contenders = [&suite, name, maps]() -> std::vector<Contender> {
         Contender def = suite.python(name + ", def");
         def.name = "python, def";
         return {ours_of(maps), suite.python(name), std::move(def), tbb_of(maps), threads_of(maps)};
       }});
}

/// Whether time grows with the number of items.
void add_large_map(Suite& suite) {
  suite.add({.name = "map 10M",
             .placements = {Placement::free},
             .contenders = []() -> std::vector<Contender> {
               return {ours_of({10'000'000, 1}), ours_of({1'000'000, 10}, "1M")};
             }});
}

void add_chunks_of_one(Suite& suite) {
  const Maps maps{100'000, 1, true};
  suite.add(
      {.name = "map chunksize 1",
       .placements = placements,
       .contenders = [&suite, maps]() -> std::vector<Contender> {
         return {ours_of(maps), suite.python("map chunksize 1"), tbb_of(maps), threads_of(maps)};
       }});
}

using Lazily = mp::ResultRange<int> (*)(mp::Pool&, const std::vector<int>&);

void add_imap(Suite& suite, const std::string& name, Lazily imap) {
  const auto work = [imap](mp::Pool& pool) {
    const std::vector<int> items = numbers(scaled(100'000));
    const auto drain = [&] {
      std::int64_t sum = 0;
      for (const int result : imap(pool, items)) {
        sum += result;
      }
      return sum;
    };
    const auto last = static_cast<std::int64_t>(items.size()) - 1;
    require(drain() == last * (last + 1) / 2, "imap");
    return each(1, drain) / static_cast<double>(items.size());
  };
  suite.add({.name = name,
             .placements = placements,
             .contenders = [&suite, name, work]() -> std::vector<Contender> {
               return {with_pool(std::string(ours), work), suite.python(name)};
             }});
}

}  // namespace

void add_maps(Suite& suite) {
  add_map(suite, "map 100k", {100'000, 50});
  add_map(suite, "map 1M", {1'000'000, 10});
  add_large_map(suite);
  add_chunks_of_one(suite);
  add_imap(suite, "imap chunksize 1",
           [](mp::Pool& pool, const std::vector<int>& items) { return pool.imap(same, items); });
  add_imap(suite, "imap_unordered chunksize 1", [](mp::Pool& pool, const std::vector<int>& items) {
    return pool.imap_unordered(same, items);
  });
}

}  // namespace bench
