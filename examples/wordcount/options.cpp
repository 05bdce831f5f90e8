// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"

#include <fmt/core.h>
#include <getopt.h>

#include <charconv>
#include <cstring>
#include <stdexcept>

static constexpr const char* usage =
    "usage: wordcount [--processes N] [--top N] [--start-method fork|spawn|forkserver]\n"
    "                 [--chunk BYTES] [--lose-a-worker] FOLDER...";

static constexpr option known[] = {
    {"processes", required_argument, nullptr, 'p'},
    {"top", required_argument, nullptr, 't'},
    {"chunk", required_argument, nullptr, 'c'},
    {"start-method", required_argument, nullptr, 's'},
    {"lose-a-worker", no_argument, nullptr, 'l'},
    {nullptr, 0, nullptr, 0},
};

static std::uint32_t number(const char* text) {
  std::uint32_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end || value == 0) {
    throw std::invalid_argument(fmt::format("'{}' is not a positive number\n{}", text, usage));
  }
  return value;
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int letter; (letter = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    if (letter == 'p') {
      options.processes = number(optarg);
    } else if (letter == 't') {
      options.top = number(optarg);
    } else if (letter == 'c') {
      options.chunk = number(optarg);
    } else if (letter == 's') {
      options.start_method = optarg;
    } else if (letter == 'l') {
      options.lose_a_worker = true;
    } else {
      throw std::invalid_argument(usage);
    }
  }
  options.folders.assign(argv + optind, argv + argc);
  if (options.folders.empty()) {
    throw std::invalid_argument(usage);
  }
  return options;
}
