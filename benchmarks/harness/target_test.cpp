// SPDX-License-Identifier: BSD-3-Clause
#include "target.hpp"

#include "json.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace bench {
namespace {

Row row(std::string contender, std::vector<std::optional<double>> rounds) {
  return {.family = "queue",
          .name = "int",
          .placement = "split",
          .contender = std::move(contender),
          .unit = "ns",
          .rounds = std::move(rounds)};
}

Target target(Target::Kind kind, std::optional<double> floor, std::optional<double> goal) {
  return {.family = "queue",
          .name = "int",
          .placement = "split",
          .against = "python",
          .kind = kind,
          .floor = floor,
          .goal = goal};
}

Verdict faster(std::vector<std::optional<double>> python, double floor) {
  const std::vector<Row> rows{row("multiprocess", {1, 1, 1}), row("python", std::move(python))};
  return judge(target(Target::Kind::faster, floor, 60), rows).verdict;
}

TEST(Target, IsJudgedByTheMedianOfTheWarmRounds) {
  EXPECT_EQ(faster({1, 60, 70}, 30), Verdict::goal);
  EXPECT_EQ(faster({100, 30, 40}, 30), Verdict::floor);
  EXPECT_EQ(faster({100, 20, 30}, 30), Verdict::missed);
}

TEST(Target, IsFarAwayOnlyInEveryRound) {
  EXPECT_EQ(faster({14, 14, 14}, 30), Verdict::far);
  EXPECT_EQ(faster({15, 14, 14}, 30), Verdict::missed);
  EXPECT_EQ(faster({14, std::nullopt, 14}, 30), Verdict::far);
}

TEST(Target, ComparesTimesRoundByRound) {
  const std::vector<Row> rows{row("multiprocess", {9, 2, 20, 4}), row("python", {1, 2, 10, 1})};
  const Judged judged = judge(target(Target::Kind::slower, 2, std::nullopt), rows);
  EXPECT_EQ(judged.verdict, Verdict::goal);
  ASSERT_TRUE(judged.measured);
  EXPECT_EQ(judged.measured->median, 2);
  EXPECT_EQ(judged.measured->least, 1);
  EXPECT_EQ(judged.measured->most, 4);
}

TEST(Target, MayBeAFigureAlone) {
  const std::vector<Row> rows{row("multiprocess", {25})};
  EXPECT_EQ(judge(target(Target::Kind::most, 26, 15), rows).verdict, Verdict::floor);
  EXPECT_EQ(judge(target(Target::Kind::most, 12.5, 10), rows).verdict, Verdict::missed);
  EXPECT_EQ(judge(target(Target::Kind::most, 12, 10), rows).verdict, Verdict::far);
  EXPECT_EQ(judge(target(Target::Kind::most, std::nullopt, 10), rows).verdict, Verdict::aim);
}

TEST(Target, IsAbsentWithoutTheRowsItNeeds) {
  const std::vector<Row> rows{row("multiprocess", {1}), row("python", {std::nullopt})};
  EXPECT_EQ(judge(target(Target::Kind::faster, 2, 3), {}).verdict, Verdict::absent);
  EXPECT_EQ(judge(target(Target::Kind::faster, 2, 3), rows).verdict, Verdict::absent);
}

TEST(Rows, AreTheSameAfterAFile) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "rows.json";
  const Row kept = row("multiprocess", {1.5, std::nullopt, 2e9});
  record(file, "a \"machine\"", {kept, kept});
  const std::vector<Row> rows = read_rows(file);
  std::filesystem::remove(file);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(to_json(rows[1]), to_json(kept));
  EXPECT_EQ(row_from_json(to_json(kept)).rounds, kept.rounds);
}

}  // namespace
}  // namespace bench
