// SPDX-License-Identifier: BSD-3-Clause
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace bench {

namespace {

constexpr std::string_view nothing = "–";

std::string figure(double value, const Row& row) {
  return with_unit(value, row.unit);
}

std::string throughput(const Spread& time, const Row& row) {
  return row.bytes == 0 ? std::string() : fmt::format(" ({:.3g} GB/s)", row.bytes / time.median);
}

std::string cold(const Row& row) {
  return row.rounds.size() > 1 && row.rounds.front() ? figure(*row.rounds.front(), row)
                                                     : std::string(nothing);
}

std::string times(const Spread& ratio) {
  return fmt::format("{}x ({}–{})", short_number(ratio.median), short_number(ratio.least),
                     short_number(ratio.most));
}

const Row* find_ours(const std::vector<Row>& rows, const Row& like) {
  const auto found = std::ranges::find_if(
      rows, [&](const Row& row) { return row.contender == ours && same_case(row, like); });
  return found == rows.end() ? nullptr : &*found;
}

std::string compared(const Row& row, const Row* with) {
  if (with == nullptr || with == &row) {
    return {};
  }
  const auto all = ratios(row, *with);
  const auto ratio = spread(warm(all));
  return ratio ? times(*ratio) : std::string(nothing);
}

std::string line(const Row& row, const Row* with) {
  const std::string name = row.contender == ours ? fmt::format("**{}**", ours) : row.contender;
  const auto measured = spread(warm(row.rounds));
  if (!measured) {
    return fmt::format("| {} | {} | {} | absent | | | |\n", row.name, row.placement, name);
  }
  return fmt::format("| {} | {} | {} | {}{} | {} – {} | {} | {} |\n", row.name, row.placement, name,
                     figure(measured->median, row), throughput(*measured, row),
                     figure(measured->least, row), figure(measured->most, row), cold(row),
                     compared(row, with));
}

}  // namespace

std::string short_number(double value) {
  return value >= 1000 || value == 0 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

std::string with_unit(double value, std::string_view unit) {
  constexpr std::string_view larger[] = {"µs", "ms", "s"};
  for (std::size_t i = 0; value >= 1000 && (unit == "ns" || i > 0) && i < 3; ++i) {
    value /= 1000;
    unit = larger[i];
  }
  return fmt::format("{} {}", short_number(value), unit);
}

std::string table(const std::vector<Row>& rows) {
  std::string text;
  std::string family;
  double quiet = 0;
  for (const Row& row : rows) {
    if (row.family != family) {
      family = row.family;
      text += fmt::format(
          "\n### {}\n\n| case | placement | contender | warm median | warm range | cold | takes as "
          "long as {}, times |\n|---|---|---|--:|--:|--:|--:|\n",
          family, ours);
    }
    text += line(row, find_ours(rows, row));
    quiet += row.quiet_share;
  }
  if (!rows.empty()) {
    text += fmt::format("\n{:.0f} % of the repeats began on a quiet machine.\n",
                        100 * quiet / static_cast<double>(rows.size()));
  }
  return text;
}

}  // namespace bench
