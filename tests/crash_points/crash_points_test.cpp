// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"
#include "crash_points/recorder.hpp"

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>

#include "support/keeper.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>

namespace multiprocess::test {
namespace {

constexpr std::size_t nowhere = ~std::size_t{0};

/// The heap's use without what this process keeps for itself.
detail::HeapUse shared_use() {
  detail::return_magazines();
  return detail::heap_use();
}

/// Plays the victim's part in a child; true when the victim was killed rather than having come to
/// its end.
bool run_victim(Play& play, const std::function<void()>& prepare) {
  forget_kill();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a hang is a failure
    play.play(prepare);
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  play.accompany();
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
      << "a child ended with status " << status;
  return was_killed();
}

/// MULTIPROCESS_CRASH_SCENARIO: only those with this in their names, while one works on them.
const char* wanted_scenarios() {
  return std::getenv("MULTIPROCESS_CRASH_SCENARIO");
}

std::string describe(const CrashSite& site) {
  return fmt::format("{}:{}", site.file, site.line);
}

std::string describe(std::size_t site) {
  return site == nowhere ? "no site" : describe(visited_sites()[site]);
}

std::set<std::uint64_t> visits_to_try(std::size_t site);

bool is_among(const std::vector<std::string>& files, std::size_t site) {
  return files.empty() ||
         std::find(files.begin(), files.end(), visited_sites()[site].file) != files.end();
}

void note_all_ends() {
  const std::uint64_t last = detail::census().high_water.load();
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    const std::uint64_t life = detail::participant(slot).life.load();
    detail::check_participant({slot, static_cast<std::uint32_t>(life >> 32)});
  }
  detail::clear_away_the_dead();
}

struct Kill {
  std::size_t first_site = nowhere;  // of a process that dies before the victim starts
  std::size_t site = nowhere;
  std::uint64_t visit = 1;
};

class CrashPoints : public testing::Test {
 protected:
  /// One play with at most two victims: false when nobody was killed in the end.
  bool run(const Scenario& scenario, const Kill& kill) {
    SCOPED_TRACE(fmt::format("{}: killed at {}, visit {}, after {}", scenario.name,
                             describe(kill.site), kill.visit, describe(kill.first_site)));
    bool killed = false;
    {
      const std::unique_ptr<Play> play = scenario.begin();
      before_ = shared_use();
      play->provide();
      if (kill.first_site != nowhere) {
        run_victim(*play, [&] { die_at(kill.first_site, 1); });
        play->next_victim();
      }
      killed = run_victim(
          *play, [&] { kill.site == nowhere ? record_visits() : die_at(kill.site, kill.visit); });
      play->see_death();
      note_all_ends();
      play->check();
    }
    note_all_ends();
    const detail::HeapUse after = shared_use();
    EXPECT_EQ(after.objects, 0u);
    EXPECT_EQ(after.parts, 0u);
    EXPECT_LE(after.private_blocks, before_.private_blocks + 1) << "blocks are stranded";
    EXPECT_TRUE(deposits_become(0, std::chrono::seconds(2))) << "descriptors are stranded";
    return killed;
  }

  /// Kills a victim at each site that it reaches; after another one died at `first`, only where
  /// nobody was killed before.
  void kill_everywhere(const Scenario& scenario, std::size_t first) {
    forget_visits();
    run(scenario, {first, nowhere, 1});
    for (std::size_t site = 0; site < visited_sites().size() && !HasFailure(); ++site) {
      if ((first != nowhere && killed_.contains(site)) || !is_among(scenario.files, site)) {
        continue;
      }
      for (const std::uint64_t visit : visits_to_try(site)) {
        ++runs_;
        if (run(scenario, {first, site, visit})) {
          killed_.insert(site);
        }
        if (HasFailure()) {
          return;
        }
      }
    }
  }

  void report() const {
    const auto points = sites_in_sources(MULTIPROCESS_SOURCE_DIR);
    const auto killed = std::count_if(points.begin(), points.end(),
                                      [this](const CrashSite& point) { return was_deadly(point); });
    // Where all scenarios are played, a point that nobody has reached is one that failed.
    const auto unreached = wanted_scenarios() == nullptr ? std::ssize(points) - killed : 0;
    fmt::print("points={} killed={} failed={} runs={}\n", points.size(), killed,
               unreached + (HasFailure() ? 1 : 0), runs_);
  }

  bool was_deadly(const CrashSite& point) const {
    const auto visited = visited_sites();
    return std::any_of(killed_.begin(), killed_.end(), [&](std::size_t i) {
      return visited[i].file == point.file && visited[i].line >= point.line &&
             visited[i].line <= point.last_line;
    });
  }

  detail::HeapUse before_;
  std::set<std::size_t> killed_;
  std::size_t runs_ = 0;
};

/// The first site that a scenario's first victims may die at; `nowhere` stands for "no such
/// victim".
std::vector<std::size_t> first_sites(const Scenario& scenario) {
  if (scenario.first_victims.empty()) {
    return {nowhere};
  }
  std::vector<std::size_t> sites;
  for (std::size_t site = 0; site < visited_sites().size(); ++site) {
    if (is_among(scenario.first_victims, site)) {
      sites.push_back(site);
    }
  }
  return sites;
}

/// The first time, the second and one in the middle; none when the victim does not get there.
std::set<std::uint64_t> visits_to_try(std::size_t site) {
  const std::uint64_t visits = most_visits(site);
  std::set<std::uint64_t> chosen;
  for (const std::uint64_t visit : {std::uint64_t{1}, std::uint64_t{2}, visits / 2 + 1}) {
    if (visit <= visits) {
      chosen.insert(visit);
    }
  }
  return chosen;
}

TEST_F(CrashPoints, AKillAtAnyStepHarmsNobody) {
  std::vector<Scenario> all = scenarios();
  for (const auto more : {&heap_scenarios, &pipe_scenarios, &sync_scenarios, &data_scenarios,
                          &pool_scenarios, &manager_scenarios}) {
    for (Scenario& each : more()) {
      all.push_back(std::move(each));
    }
  }
  if (const char* const wanted = wanted_scenarios()) {
    std::erase_if(all, [wanted](const Scenario& each) {
      return std::string(each.name).find(wanted) == std::string::npos;
    });
  }
  for (const Scenario& scenario : all) {
    for (const std::size_t first : first_sites(scenario)) {
      kill_everywhere(scenario, first);
      if (HasFailure()) {
        report();
        return;
      }
    }
  }
  report();
  if (wanted_scenarios() != nullptr) {
    return;
  }
  for (const CrashSite& point : sites_in_sources(MULTIPROCESS_SOURCE_DIR)) {
    EXPECT_TRUE(was_deadly(point)) << "no scenario killed a process at " << describe(point);
  }
}

}  // namespace
}  // namespace multiprocess::test
