// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What one contender did in one case: a figure for each round, the first of them cold. Nothing in
/// a round that it could not take part in. Less is better, whatever the unit.
struct Row {
  std::string family;
  std::string name;  // of the case
  std::string placement;
  std::string contender;
  std::string unit;        // "ns", "%"
  double bytes = 0;        // that an operation moves, when that matters
  double quiet_share = 1;  // of the rounds that began on an idle machine
  std::vector<std::optional<double>> rounds;
};

/// The rows of one case in one placement are those that agree in these.
bool same_case(const Row& a, const Row& b);

/// The name of the library's own rows.
inline constexpr std::string_view ours = "multiprocess";

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// Nothing when there is no figure.
std::optional<Spread> spread(std::span<const std::optional<double>> figures);

/// All rounds but the first, when there are more.
std::span<const std::optional<double>> warm(std::span<const std::optional<double>> rounds);

/// `above / below`, round by round.
std::vector<std::optional<double>> ratios(const Row& above, const Row& below);

}  // namespace bench
