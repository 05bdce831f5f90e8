// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include "json.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace bench {

namespace {

double scale = 1;

constexpr const char* usage = R"(Measures, in rounds of which each runs every contender once.
  --rounds N      rounds, of which the first is cold (7)
  --filter TEXT   only the cases with TEXT in their names
  --only NAME     only that contender, for a profile of it
  --scale X       the X-fold number of operations (1)
  --json FILE     add the rows to FILE, one JSON line each
  --patience MS   how long to wait for a quiet machine before each repeat (1000)
  --python PATH   the Python to compare with (/usr/bin/python3)
)";

[[noreturn]] void leave(int code, const std::string& why) {
  fmt::print(code == 0 ? stdout : stderr, "{}{}", why, usage);
  std::exit(code);
}

void warn_unless_optimized() {
#ifndef __OPTIMIZE__
  fmt::print(stderr, "This program was built without optimization: its figures mean nothing.\n");
#endif
}

}  // namespace

int scaled(int count) {
  return std::max(1, static_cast<int>(count * scale));
}

Suite::Suite(std::string family, int argc, char** argv)
    : family_(std::move(family)), python_("python_" + family_) {
  for (int i = 1; i < argc; i += 2) {
    if (std::string(argv[i]) == "--help") {
      leave(0, "");
    }
    if (i + 1 == argc) {
      leave(2, std::string("no value for ") + argv[i] + "\n");
    }
    option(argv[i], argv[i + 1]);
  }
  warn_unless_optimized();
  std::signal(SIGPIPE, SIG_IGN);
}

void Suite::option(const std::string& name, const std::string& value) {
  if (name == "--rounds") {
    rounds_ = std::max(1, std::atoi(value.c_str()));
  } else if (name == "--filter") {
    filter_ = value;
  } else if (name == "--only") {
    only_ = value;
  } else if (name == "--scale") {
    scale = std::atof(value.c_str());
  } else if (name == "--json") {
    json_ = value;
  } else if (name == "--patience") {
    patience_ = std::chrono::milliseconds(std::atoi(value.c_str()));
  } else if (name == "--python") {
    set_python(value);
  } else {
    leave(2, "unknown option " + name + "\n");
  }
}

bool Suite::wants(const std::string& name) const {
  return name.find(filter_) != std::string::npos;
}

Contender Suite::python(const std::string& name) {
  return {"python",
          [this, name](Placement placement) { return python_.measure(name, placement, scale); }};
}

int Suite::run() {
  for (const Case& work : cases_) {
    for (const Placement placement : work.placements) {
      if (wants(work.name) && possible(placement)) {
        run(work, placement);
      }
    }
  }
  return finish();
}

void Suite::run(const Case& work, Placement placement) {
  fmt::print(stderr, "{}: {}, {}\n", family_, work.name, to_string(placement));
  std::vector<Contender> contenders = work.contenders();
  std::erase_if(contenders, [this](const Contender& contender) {
    return !only_.empty() && contender.name != only_;
  });
  std::vector<Row> rows;
  for (const Contender& contender : contenders) {
    rows.push_back({.family = family_,
                    .name = work.name,
                    .placement = std::string(to_string(placement)),
                    .contender = contender.name,
                    .unit = work.unit,
                    .bytes = work.bytes,
                    .quiet_share = 0,
                    .rounds = {}});
  }
  const auto rounds = static_cast<std::size_t>(std::min(rounds_, work.most_rounds));
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < contenders.size(); ++turn) {
      const std::size_t next = (round + turn) % contenders.size();
      repeat(contenders[next], placement, rows[next]);
    }
  }
  for (Row& row : rows) {
    row.quiet_share /= static_cast<double>(rounds);
    add_row(std::move(row));
  }
}

void Suite::repeat(const Contender& contender, Placement placement, Row& row) {
  row.quiet_share += wait_for_quiet() ? 1 : 0;
  const bool warm = !row.rounds.empty();
  std::optional<double> figure;
  try {
    if (warm) {  // the others' turns have cooled what this one's last turn had warmed
      contender.repeat(placement);
    }
    figure = contender.repeat(placement);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}, {}, {}: {}\n", row.name, row.placement, row.contender, error.what());
    failed_ = true;
  }
  row.rounds.push_back(figure);
}

void Suite::add_row(Row row) {
  if (!json_.empty()) {
    append(json_, row);
  }
  rows_.push_back(std::move(row));
}

int Suite::finish() const {
  fmt::print("{}", table(rows_));
  return failed_ ? 1 : 0;
}

}  // namespace bench
