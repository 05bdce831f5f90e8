// SPDX-License-Identifier: BSD-3-Clause
#include "target.hpp"

#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench {

namespace {

using Figures = std::vector<std::optional<double>>;

const Row* find(const std::vector<Row>& rows, const Target& target, std::string_view contender) {
  const auto found = std::ranges::find_if(rows, [&](const Row& row) {
    return row.family == target.family && row.name == target.name &&
           row.placement == target.placement && row.contender == contender;
  });
  return found == rows.end() ? nullptr : &*found;
}

Figures figures(const Target& target, const Row& mine, const std::vector<Row>& rows) {
  if (target.kind == Target::Kind::most) {
    return mine.rounds;
  }
  const Row* const other = find(rows, target, target.against);
  if (other == nullptr) {
    return {};
  }
  return target.kind == Target::Kind::faster ? ratios(*other, mine) : ratios(mine, *other);
}

bool reaches(const Target& target, double figure, double bound) {
  return target.kind == Target::Kind::faster ? figure >= bound : figure <= bound;
}

bool far_from_floor(const Target& target, const Figures& all) {
  const double half = target.kind == Target::Kind::faster ? *target.floor / 2 : *target.floor * 2;
  return std::ranges::none_of(all, [&](const std::optional<double>& figure) {
    return figure && reaches(target, *figure, half);
  });
}

Verdict verdict(const Target& target, const Figures& all, double median) {
  if (target.goal && reaches(target, median, *target.goal)) {
    return Verdict::goal;
  }
  if (!target.floor) {
    return Verdict::aim;
  }
  if (reaches(target, median, *target.floor)) {
    return target.goal ? Verdict::floor : Verdict::goal;
  }
  return far_from_floor(target, all) ? Verdict::far : Verdict::missed;
}

std::string shown(const Judged& judged, double value) {
  return judged.target.kind == Target::Kind::most ? with_unit(value, judged.unit)
                                                  : short_number(value) + "x";
}

std::string bound(const Judged& judged, const std::optional<double>& value) {
  return value ? shown(judged, *value) : "–";
}

std::string measured(const Judged& judged) {
  if (!judged.measured) {
    return "– | –";
  }
  const auto [median, least, most] = *judged.measured;
  return fmt::format("{} | {} – {}", shown(judged, median), shown(judged, least),
                     shown(judged, most));
}

std::string meaning(const Target& target) {
  constexpr std::string_view texts[] = {"{} takes, times ≥", "time of {}, times ≤", "at most"};
  return fmt::format(fmt::runtime(texts[static_cast<int>(target.kind)]), target.against);
}

}  // namespace

Judged judge(const Target& target, const std::vector<Row>& rows) {
  Judged judged{.target = target, .measured = {}, .unit = {}};
  const Row* const mine = find(rows, target, ours);
  if (mine == nullptr) {
    return judged;
  }
  const Figures all = figures(target, *mine, rows);
  judged.unit = mine->unit;
  judged.measured = spread(warm(all));
  if (judged.measured) {
    judged.verdict = verdict(target, all, judged.measured->median);
  }
  return judged;
}

std::string table(const std::vector<Judged>& judged) {
  constexpr std::string_view verdicts[] = {
      "goal",  "floor", "below the goal", "**below the floor**", "**below half the floor**",
      "absent"};
  std::string text =
      "| case | placement | measure | floor | goal | measured | range | reached |\n"
      "|---|---|---|--:|--:|--:|--:|---|\n";
  for (const Judged& one : judged) {
    const Target& target = one.target;
    text += fmt::format("| {}: {} | {} | {} | {} | {} | {} | {} |\n", target.family, target.name,
                        target.placement, meaning(target), bound(one, target.floor),
                        bound(one, target.goal), measured(one),
                        verdicts[static_cast<int>(one.verdict)]);
  }
  return text;
}

}  // namespace bench
