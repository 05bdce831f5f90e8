// SPDX-License-Identifier: BSD-3-Clause
// Reads what the benchmarks wrote and compares it with the targets.
#include "harness/json.hpp"
#include "harness/machine.hpp"
#include "harness/table.hpp"
#include "harness/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace {

constexpr const char* usage = R"(bench_report [options] FILE...
Prints the rows that the benchmarks wrote by --json, or a recorded run, beside the targets.
  --targets FILE  the targets (targets.json of the sources)
  --record FILE   writes the rows to FILE as the recorded run
  --gate          ends with 1 when a target is below half of its floor in every round
)";

struct Options {
  std::string targets = MULTIPROCESS_BENCHMARK_TARGETS;
  std::string record;
  bool gate = false;
  std::vector<std::string> files;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--gate") {
      options.gate = true;
    } else if (word == "--targets" && i + 1 < argc) {
      options.targets = argv[++i];
    } else if (word == "--record" && i + 1 < argc) {
      options.record = argv[++i];
    } else if (word.starts_with("--")) {
      return false;
    } else {
      options.files.push_back(word);
    }
  }
  return !options.files.empty();
}

int report(const Options& options) {
  std::vector<bench::Row> rows;
  for (const std::string& file : options.files) {
    std::ranges::move(bench::read_rows(file), std::back_inserter(rows));
  }
  if (!options.record.empty()) {
    bench::record(options.record, bench::describe_machine(), rows);
  }
  std::vector<bench::Judged> judged;
  for (const bench::Target& target : bench::read_targets(options.targets)) {
    judged.push_back(bench::judge(target, rows));
  }
  fmt::print("## Targets\n\n{}\n## Figures\n{}", bench::table(judged), bench::table(rows));
  const auto far = std::ranges::count(judged, bench::Verdict::far, &bench::Judged::verdict);
  if (far != 0) {
    fmt::print("\n{} targets are below half of their floor in every round.\n", far);
  }
  return options.gate && far != 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  try {
    return report(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_report: {}\n", error.what());
    return 2;
  }
}
