// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "words.hpp"

#include <chrono>

/// What a run over all chunks found.
struct Result {
  Counts words = {};
  std::uint64_t files = 0;
  std::uint64_t binary = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;

  /// Notes the end of one chunk; a file is counted with its first one.
  void note(const Chunk& chunk, Status status) {
    bytes += status == Status::counted ? chunk.size() : 0;
    if (chunk.begin == 0) {
      files += status == Status::counted ? 1 : 0;
      binary += status == Status::binary ? 1 : 0;
      unreadable += status == Status::unreadable ? 1 : 0;
    }
  }

  double megabytes_per_second() const {
    return seconds > 0 ? static_cast<double>(bytes) / 1e6 / seconds : 0;
  }

  bool same_as(const Result& other) const {
    return words == other.words && files == other.files && binary == other.binary &&
           unreadable == other.unreadable && bytes == other.bytes;
  }
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
