// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "row.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// What the library must achieve in a case. `faster`: the contender `against` takes at least so
/// many times as long. `slower`: the library takes at most so many times as long as that one.
/// `most`: its figure is at most that. Below the floor it is not good enough; either may be
/// missing.
struct Target {
  enum class Kind { faster, slower, most };

  std::string family;
  std::string name;
  std::string placement;
  std::string against;
  Kind kind = Kind::most;
  std::optional<double> floor;
  std::optional<double> goal;
};

/// How a target was met. `aim` is a missed goal where there is no floor; `far` means: in every
/// round worse than half of the floor.
enum class Verdict { goal, floor, aim, missed, far, absent };

struct Judged {
  Target target;
  Verdict verdict = Verdict::absent;
  std::optional<Spread> measured;
  std::string unit;
};

Judged judge(const Target& target, const std::vector<Row>& rows);

/// The targets beside what was measured, as a Markdown table.
std::string table(const std::vector<Judged>& judged);

}  // namespace bench
