// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace multiprocess::test {

/// A place in the source where a shared protocol takes a step.
struct CrashSite {
  std::string file;  // its name without folders
  unsigned line = 0;
  unsigned last_line = line;  // of the call
};

/// Sites that the recording processes have reached so far, in the order of their first visit.
std::vector<CrashSite> visited_sites();
/// How often a process that recorded since the last forget_visits() reached the site, the most of
/// any.
std::uint64_t most_visits(std::size_t site);
void forget_visits();

/// In a child: notes the sites that it reaches, until its end.
void record_visits();
/// In a child: ends by SIGKILL just before the step at this site, when it is there for the
/// `visit`th time.
void die_at(std::size_t site, std::uint64_t visit);
/// In a child of a victim: it is none.
void never_die();
/// Whether a process has died at its site, since forget_kill().
bool was_killed();
void forget_kill();

/// The sites that stand in the sources of the library.
std::vector<CrashSite> sites_in_sources(const std::string& root);

}  // namespace multiprocess::test
