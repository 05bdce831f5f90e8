// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace multiprocess::test {

/// One run of a scenario: a victim, or two, one after the other, and what the survivor, this
/// process, finds.
class Play {
 public:
  Play() = default;
  virtual ~Play() = default;
  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;

  /// What is in use has been counted, and there was no victim yet; called in the survivor.
  virtual void provide() {}
  /// In a child: makes itself the victim by `begin()`, or a child of its own, and plays its part.
  virtual void play(const std::function<void()>& begin) {
    begin();
    victim();
  }
  /// Is killed at every step that it takes.
  virtual void victim() = 0;
  /// A victim has begun; called in the survivor.
  virtual void accompany() {}
  /// The first victim is dead, the second one comes.
  virtual void next_victim() = 0;
  /// The last victim is dead, and nobody has noticed it.
  virtual void see_death() {}
  /// It is known. Fails the test unless everything acknowledged is there, once and in order, and
  /// all works.
  virtual void check() = 0;
};

struct Scenario {
  const char* name;
  std::function<std::unique_ptr<Play>()> begin;
  /// Sites of these files each kill a process that plays the victim's part first: the victim takes
  /// over.
  std::vector<std::string> first_victims = {};
  /// Victims are killed at the sites of these files only; all when there are none.
  std::vector<std::string> files = {};
};

/// What is done with queues, locks and objects.
std::vector<Scenario> scenarios();
std::vector<Scenario> heap_scenarios();
std::vector<Scenario> pipe_scenarios();
std::vector<Scenario> sync_scenarios();
std::vector<Scenario> data_scenarios();
std::vector<Scenario> pool_scenarios();
std::vector<Scenario> manager_scenarios();

}  // namespace multiprocess::test
