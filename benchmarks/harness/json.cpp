// SPDX-License-Identifier: BSD-3-Clause
#include "json.hpp"

#include <fmt/format.h>
#include <boost/json/src.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bench {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

std::optional<double> number(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr || value->is_null() ? std::nullopt
                                              : std::optional(value->to_number<double>());
}

Row row_from(const json::object& object) {
  Row row{.family = text(object, "family"),
          .name = text(object, "case"),
          .placement = text(object, "placement"),
          .contender = text(object, "contender"),
          .unit = text(object, "unit"),
          .bytes = number(object, "bytes").value_or(0),
          .quiet_share = number(object, "quiet").value_or(1),
          .rounds = {}};
  for (const json::value& figure : object.at("rounds").as_array()) {
    row.rounds.push_back(figure.is_null() ? std::nullopt
                                          : std::optional(figure.to_number<double>()));
  }
  return row;
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream all;
  if (!stream || !(all << stream.rdbuf())) {
    throw std::runtime_error("cannot read " + file.string());
  }
  return std::move(all).str();
}

template <class Work>
auto explained(const std::filesystem::path& file, Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + ": " + error.what());
  }
}

std::vector<Row> rows_of_record(const json::value& run) {
  std::vector<Row> rows;
  for (const json::value& row : run.at("rows").as_array()) {
    rows.push_back(row_from(row.as_object()));
  }
  return rows;
}

std::vector<Row> rows_of_lines(std::istream& lines) {
  std::vector<Row> rows;
  for (std::string line; std::getline(lines, line);) {
    rows.push_back(row_from_json(line));
  }
  return rows;
}

Target target_from(const json::object& object) {
  Target target{.family = text(object, "family"),
                .name = text(object, "case"),
                .placement = text(object, "placement"),
                .against = text(object, "against"),
                .floor = {},
                .goal = {}};
  target.kind = object.contains("faster")   ? Target::Kind::faster
                : object.contains("slower") ? Target::Kind::slower
                                            : Target::Kind::most;
  constexpr const char* keys[] = {"faster", "slower", "most"};
  const json::object& bounds = object.at(keys[static_cast<int>(target.kind)]).as_object();
  target.floor = number(bounds, "floor");
  target.goal = number(bounds, "goal");
  return target;
}

}  // namespace

std::string to_json(const Row& row) {
  std::string rounds;
  for (const std::optional<double>& figure : row.rounds) {
    rounds += rounds.empty() ? "" : ",";
    rounds += figure ? fmt::format("{:.6g}", *figure) : "null";
  }
  const std::string quote = json::serialize(json::string(row.name));
  return fmt::format(
      R"({{"family":"{}","case":{},"placement":"{}","contender":"{}","unit":"{}","bytes":{:.0f},)"
      R"("quiet":{:.2f},"rounds":[{}]}})",
      row.family, quote, row.placement, row.contender, row.unit, row.bytes, row.quiet_share,
      rounds);
}

Row row_from_json(std::string_view line) {
  return row_from(json::parse(line).as_object());
}

void append(const std::filesystem::path& file, const Row& row) {
  if (!(std::ofstream(file, std::ios::app) << to_json(row) << '\n')) {
    throw std::runtime_error("cannot write " + file.string());
  }
}

std::vector<Row> read_rows(const std::filesystem::path& file) {
  return explained(file, [&] {
    const std::string all = contents(file);
    if (all.starts_with("{\"machine\"")) {
      return rows_of_record(json::parse(all));
    }
    std::istringstream lines(all);
    return rows_of_lines(lines);
  });
}

void record(const std::filesystem::path& file, std::string_view machine,
            const std::vector<Row>& rows) {
  std::string lines;
  for (const Row& row : rows) {
    lines += (lines.empty() ? "" : ",\n") + to_json(row);
  }
  const std::string quote = json::serialize(json::string(machine));
  if (!(std::ofstream(file) << "{\"machine\":" << quote << ",\n\"rows\":[\n"
                            << lines << "\n]}\n")) {
    throw std::runtime_error("cannot write " + file.string());
  }
}

std::vector<Target> read_targets(const std::filesystem::path& file) {
  return explained(file, [&] {
    const json::value whole = json::parse(contents(file));
    std::vector<Target> targets;
    for (const json::value& target : whole.at("targets").as_array()) {
      targets.push_back(target_from(target.as_object()));
    }
    return targets;
  });
}

}  // namespace bench
