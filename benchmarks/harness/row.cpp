// SPDX-License-Identifier: BSD-3-Clause
#include "row.hpp"

#include <algorithm>

namespace bench {

bool same_case(const Row& a, const Row& b) {
  return a.family == b.family && a.name == b.name && a.placement == b.placement;
}

std::optional<Spread> spread(std::span<const std::optional<double>> figures) {
  std::vector<double> known;
  for (const std::optional<double>& figure : figures) {
    if (figure) {
      known.push_back(*figure);
    }
  }
  if (known.empty()) {
    return std::nullopt;
  }
  std::ranges::sort(known);
  const std::size_t half = known.size() / 2;
  const double median = known.size() % 2 == 1 ? known[half] : (known[half - 1] + known[half]) / 2;
  return Spread{median, known.front(), known.back()};
}

std::span<const std::optional<double>> warm(std::span<const std::optional<double>> rounds) {
  return rounds.size() > 1 ? rounds.subspan(1) : rounds;
}

std::vector<std::optional<double>> ratios(const Row& above, const Row& below) {
  std::vector<std::optional<double>> result;
  for (std::size_t round = 0; round < std::min(above.rounds.size(), below.rounds.size()); ++round) {
    const auto& divisor = below.rounds[round];
    const bool known = above.rounds[round] && divisor && *divisor > 0;
    result.push_back(known ? std::optional(*above.rounds[round] / *divisor) : std::nullopt);
  }
  return result;
}

}  // namespace bench
