// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

/// Shows on stderr how far the work is: a bar that moves on a terminal, else a line per quarter.
class Progress {
 public:
  explicit Progress(std::uint64_t total);

  void advance(std::uint64_t bytes);
  void finish();

 private:
  void draw(unsigned percent) const;

  std::uint64_t total_;
  std::uint64_t done_ = 0;
  unsigned shown_ = 0;  // percent
  bool terminal_;
};
