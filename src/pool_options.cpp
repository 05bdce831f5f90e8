// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool_options.hpp>

#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace multiprocess {

namespace {

constexpr std::size_t width = 40;

/// One line, drawn again and again.
void draw(std::size_t done, std::optional<std::size_t> total) {
  std::string line;
  if (total) {
    const std::size_t full = *total == 0 ? width : done * width / *total;
    line = fmt::format("\r[{:#<{}}{:.<{}}] {}/{}", "", full, "", width - full, done, *total);
  } else {
    line = fmt::format("\r{} done", done);
  }
  line += total && done == *total ? "\n" : "";
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress Progress::bar() {
  if (!detail::os::is_terminal(detail::os::standard_error())) {
    return {[](std::size_t, std::optional<std::size_t>) {}};
  }
  return {&draw};
}

std::uint64_t task_seed() noexcept {
  return detail::current_task_seed();
}

std::string mp_repr(const PoolStats& stats) {
  return fmt::format(
      "PoolStats(submitted={}, completed={}, failed={}, cancelled={}, retried={}, timed_out={}, "
      "workers_started={}, workers_died={}, workers_retired={})",
      stats.submitted, stats.completed, stats.failed, stats.cancelled, stats.retried,
      stats.timed_out, stats.workers_started, stats.workers_died, stats.workers_retired);
}

}  // namespace multiprocess
