// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <fmt/core.h>

void print_words(const Result& result, std::size_t top) {
  std::uint64_t words = 0;
  for (const auto& [word, count] : result.words) {
    words += count;
  }
  for (const auto& [word, count] : top_words(result.words, top)) {
    fmt::print("{:9} {}\n", count, word);
  }
  fmt::print("{} words, {} different, in {} text files, {:.1f} MB\n", words, result.words.size(),
             result.files, static_cast<double>(result.bytes) / 1e6);
  fmt::print("skipped: {} binary, {} unreadable\n", result.binary, result.unreadable);
}

void print_speed(const Result& many, const Result& one, std::uint32_t processes) {
  fmt::print("{} processes: {:.3f} s, {:.1f} MB/s\n", processes, many.seconds,
             many.megabytes_per_second());
  fmt::print("one process: {:.3f} s, {:.1f} MB/s\n", one.seconds, one.megabytes_per_second());
  fmt::print("speed-up: {:.2f}, same words\n", many.seconds > 0 ? one.seconds / many.seconds : 0);
}
