// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "machine.hpp"
#include "python_peer.hpp"
#include "row.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One way to do the work of a case.
struct Contender {
  std::string name;
  /// One repeat: its figure, or nothing when it cannot take part. Throws when it fails.
  std::function<std::optional<double>(Placement)> repeat;
};

/// Work that contenders are compared in.
struct Case {
  std::string name;
  std::vector<Placement> placements;
  /// Made when the case's turn comes, and dropped after it: what they hold burdens nobody else.
  std::function<std::vector<Contender>()> contenders;
  std::string unit = "ns";
  double bytes = 0;      // that an operation moves; then the table shows GB/s
  int most_rounds = 99;  // for what takes long
};

/// A family of cases, and the main function of its program.
class Suite {
 public:
  /// Reads the arguments; ends the program when they ask for help or make no sense.
  Suite(std::string family, int argc, char** argv);

  void add(Case work) { cases_.push_back(std::move(work)); }

  /// Measures round by round: in each round every contender once, in the next one beginning with
  /// another. Prints the table. The program's exit code: 1 when a contender failed.
  int run();

  /// The contender that peers/python_<family>.py is in a case.
  Contender python(const std::string& name);

  int rounds() const noexcept { return rounds_; }
  bool wants(const std::string& name) const;

  /// For programs that measure by other means. Waits for a quiet machine as long as the options
  /// say, and tells whether it is; keeps a row and writes it; prints the table.
  bool wait_for_quiet() const { return wait_until_quiet(patience_); }
  void add_row(Row row);
  int finish() const;

 private:
  void option(const std::string& name, const std::string& value);
  void run(const Case& work, Placement placement);
  void repeat(const Contender& contender, Placement placement, Row& row);

  std::string family_;
  PythonPeer python_;
  std::vector<Case> cases_;
  std::vector<Row> rows_;
  int rounds_ = 7;
  std::string filter_;
  std::string only_;
  std::filesystem::path json_;
  std::chrono::milliseconds patience_{1000};
  bool failed_ = false;
};

/// `count` operations, or as many fewer as --scale asks for; at least 1.
int scaled(int count);

}  // namespace bench
