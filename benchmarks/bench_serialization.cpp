// SPDX-License-Identifier: BSD-3-Clause
// The archive and dumps/loads against cereal's binary archive and memcpy, in one process.
#include "harness/suite.hpp"

#include <multiprocess/serialization.hpp>

#include <benchmark/benchmark.h>
#include <cereal/archives/binary.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

using Tuple = std::tuple<int, double, std::string>;
using Numbers = std::vector<double>;

template <class T>
T sample();
template <>
Tuple sample<Tuple>() {
  return {42, 2.5, "small tuple"};
}
template <>
Numbers sample<Numbers>() {
  return Numbers(10'000'000 / sizeof(double), 2.5);
}

template <class T>
void save(benchmark::State& state) {
  const T value = sample<T>();
  mp::detail::ScratchBuffer buffer;
  for (auto _ : state) {
    buffer->clear();
    mp::detail::OutputArchive archive(*buffer);
    mp::detail::save_value(archive, value);
    benchmark::DoNotOptimize(buffer->bytes().data());
  }
}

template <class T>
void load(benchmark::State& state) {
  const std::vector<std::byte> bytes = mp::detail::encode(sample<T>());
  for (auto _ : state) {
    mp::detail::InputArchive archive(bytes);
    benchmark::DoNotOptimize(mp::detail::read_value<T>(archive));
  }
}

template <class T>
void dumps(benchmark::State& state) {
  const T value = sample<T>();
  for (auto _ : state) {
    benchmark::DoNotOptimize(mp::dumps(value));
  }
}

template <class T>
void loads(benchmark::State& state) {
  const std::vector<std::byte> bytes = mp::dumps(sample<T>());
  for (auto _ : state) {
    benchmark::DoNotOptimize(mp::loads<T>(bytes));
  }
}

template <class T>
std::string cereal_bytes(const T& value) {
  std::ostringstream stream;
  cereal::BinaryOutputArchive archive(stream);
  archive(value);
  return std::move(stream).str();
}

template <class T>
void cereal_dumps(benchmark::State& state) {
  const T value = sample<T>();
  for (auto _ : state) {
    benchmark::DoNotOptimize(cereal_bytes(value));
  }
}

template <class T>
void cereal_loads(benchmark::State& state) {
  const std::string bytes = cereal_bytes(sample<T>());
  for (auto _ : state) {
    std::istringstream stream(bytes);
    cereal::BinaryInputArchive archive(stream);
    T value;
    archive(value);
    benchmark::DoNotOptimize(value);
  }
}

/// The limit.
void copy(benchmark::State& state) {
  const Numbers from = sample<Numbers>();
  Numbers to = from;
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), to.size() * sizeof(double));
    benchmark::ClobberMemory();
  }
}

/// Registers benchmarks, each named `case/contender`, and collects their repetitions as rounds.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(Suite& suite) : suite_(suite) {}

  void add(const std::string& name, std::string_view contender, void (*work)(benchmark::State&)) {
    if (suite_.wants(name)) {
      rows_.push_back({.family = "serialization",
                       .name = name,
                       .placement = "same",
                       .contender = std::string(contender),
                       .unit = "ns",
                       .bytes = name.starts_with("10 MB") ? 1e7 : 0,
                       .rounds = {}});
      benchmark::RegisterBenchmark((name + "/" + rows_.back().contender).c_str(), work)
          ->Repetitions(suite_.rounds());
    }
  }

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      for (Row& row : rows_) {
        if (run.run_type == Run::RT_Iteration &&
            run.run_name.function_name == row.name + "/" + row.contender) {
          row.rounds.emplace_back(run.GetAdjustedRealTime());
        }
      }
    }
  }

  int run() {
    const double quiet = suite_.wait_for_quiet() ? 1 : 0;
    benchmark::RunSpecifiedBenchmarks(this);
    for (Row& row : rows_) {
      row.quiet_share = quiet;
      suite_.add_row(std::move(row));
    }
    return suite_.finish();
  }

 private:
  Suite& suite_;
  std::vector<Row> rows_;
};

template <class T>
void add_archive(Collector& collector, const std::string& value) {
  collector.add(value + " save", ours, save<T>);
  collector.add(value + " load", ours, load<T>);
}

template <class T>
void add_dumps(Collector& collector, const std::string& value, void (*limit)(benchmark::State&)) {
  collector.add(value + " dumps", ours, dumps<T>);
  collector.add(value + " dumps", "cereal", cereal_dumps<T>);
  if (limit != nullptr) {
    collector.add(value + " dumps", "memcpy", limit);
  }
  collector.add(value + " loads", ours, loads<T>);
  collector.add(value + " loads", "cereal", cereal_loads<T>);
  if (limit != nullptr) {
    collector.add(value + " loads", "memcpy", limit);
  }
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  // Short, and in an order that changes: the rounds are the repetitions.
  std::string program = argv[0];
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  std::string short_time = "--benchmark_min_time=0.1";
  char* arguments[] = {program.data(), interleave.data(), short_time.data()};
  int count = 3;
  benchmark::Initialize(&count, arguments);
  bench::Suite suite("serialization", argc, argv);
  bench::Collector collector(suite);
  bench::add_archive<bench::Tuple>(collector, "tuple");
  bench::add_dumps<bench::Tuple>(collector, "tuple", nullptr);
  bench::add_archive<bench::Numbers>(collector, "10 MB vector");
  bench::add_dumps<bench::Numbers>(collector, "10 MB vector", bench::copy);
  const bench::Placed placed(bench::Placement::same, 0);
  return collector.run();
}
