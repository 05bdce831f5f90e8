// SPDX-License-Identifier: BSD-3-Clause
// Value, Array, SharedMemory and the containers against Python's and against plain memory.
#include "harness/crew.hpp"
#include "harness/suite.hpp"

#include <multiprocess/array.hpp>
#include <multiprocess/shared_memory.hpp>
#include <multiprocess/shared_vector.hpp>
#include <multiprocess/value.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

/// Nanoseconds for one of `count` steps.
template <class F>
double each(Placement placement, int count, F step) {
  const Placed placed(placement, 0);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    step(i);
  }
  return (now() - begun) / count;
}

double count_up(Placement placement) {
  const int count = scaled(1'000'000);
  const mp::Value<std::int64_t> value;
  const double time =
      each(placement, count, [&](int) { value.with_lock([](std::int64_t& n) { ++n; }); });
  require(value.value() == count, "count");
  return time;
}

double count_up_together(Placement placement) {
  const int count = scaled(300'000);
  const mp::Value<std::int64_t> value;
  const Role role = [&](Gate& gate) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      value.with_lock([](std::int64_t& n) { ++n; });
    }
  };
  const double time = run_crew(placement, {role, role});
  require(value.value() == std::int64_t{2} * count, "count");
  return time / (2.0 * count);
}

/// Each step waits for the one before: what is measured is load, add and store.
double walk(Placement placement, std::span<std::int64_t> items) {
  const int count = scaled(10'000'000);
  const double time = each(placement, count, [&](int i) {
    const auto index = static_cast<std::size_t>(i) % items.size();
    items[(index + 1) % items.size()] = items[index] + 1;
  });
  require(items[0] + items[1] != 0, "walk");
  return time;
}

double walk_shared(Placement placement) {
  const mp::RawArray<std::int64_t> array(4096);
  return walk(placement, array);
}

double walk_plain(Placement placement) {
  std::vector<std::int64_t> vector(4096);
  return walk(placement, vector);
}

double read_locked(Placement placement) {
  const mp::Array<std::int64_t> array(4096);
  std::int64_t sum = 0;
  const double time =
      each(placement, scaled(1'000'000), [&](int i) { sum += array.get(i % 4096); });
  require(sum == 0, "sum");
  return time;
}

double make_value(Placement placement) {
  return each(placement, scaled(100'000), [](int i) { const mp::Value<int> value(i); });
}

double make_memory(Placement placement) {
  return each(placement, scaled(2'000), [](int) {
    const mp::SharedMemory memory = mp::SharedMemory::create(4096);
    memory.unlink();
  });
}

double push(Placement placement) {
  const mp::SharedVector<std::int64_t> vector;
  return each(placement, scaled(300'000), [&](int i) { vector.push_back(i); });
}

void add(Suite& suite, const std::string& name, std::vector<Placement> placements,
         double (*measure)(Placement)) {
  suite.add({.name = name,
             .placements = std::move(placements),
             .contenders = [&suite, name, measure]() -> std::vector<Contender> {
               return {{std::string(ours), measure}, suite.python(name)};
             }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  using bench::Placement;
  bench::Suite suite("data", argc, argv);
  bench::add(suite, "value += 1", {Placement::same}, bench::count_up);
  bench::add(suite, "value += 1 by 2", {Placement::split, Placement::same},
             bench::count_up_together);
  suite.add({.name = "raw array item",
             .placements = {Placement::same},
             .contenders = []() -> std::vector<bench::Contender> {
               return {{std::string(bench::ours), bench::walk_shared},
                       {"plain vector", bench::walk_plain}};
             }});
  bench::add(suite, "array get", {Placement::same}, bench::read_locked);
  bench::add(suite, "make value", {Placement::same}, bench::make_value);
  bench::add(suite, "make shared memory", {Placement::same}, bench::make_memory);
  bench::add(suite, "list append", {Placement::same}, bench::push);
  return suite.run();
}
