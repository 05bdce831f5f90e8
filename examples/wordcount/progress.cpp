// SPDX-License-Identifier: BSD-3-Clause
#include "progress.hpp"

#include <fmt/core.h>

#include <unistd.h>

#include <cstdio>

Progress::Progress(std::uint64_t total) : total_(total), terminal_(isatty(fileno(stderr)) == 1) {}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
  const auto percent = static_cast<unsigned>(total_ == 0 ? 100 : done_ * 100 / total_);
  if (percent / (terminal_ ? 1 : 25) > shown_ / (terminal_ ? 1 : 25)) {
    shown_ = percent;
    draw(percent);
  }
}

void Progress::finish() {
  if (shown_ < 100) {
    draw(100);
  }
  if (terminal_) {
    fmt::print(stderr, "\n");
  }
}

void Progress::draw(unsigned percent) const {
  if (terminal_) {
    const unsigned full = percent * 40 / 100;
    fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {:3} %", "", full, "", 40 - full, percent);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "wordcount: {} %\n", percent);
  }
}
