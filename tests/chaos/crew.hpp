// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/ledger.hpp"
#include "chaos/victims.hpp"
#include "support/forked.hpp"

#include <multiprocess/process.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace multiprocess::test {

/// By a fork that the library is not told of, or as a Process.
enum class Start { plain, fork, spawn, forkserver };

/// A process that may be killed at any time.
class Victim {
 public:
  template <class Works, class Task>
  Victim(Start how, void (*live)(Works, Task), const Works& works, const Task& task)
      : process_(start(how, live, works, task)) {}

  int pid() const;

  /// By itself.
  bool has_ended();
  /// As far as the signal: it is still to be reaped.
  void strike();
  /// Reaps it. True when the kill was what ended it.
  bool kill();
  /// Reaps it when it has ended by itself, and says how.
  int wait();
  /// As subprocess and Process say: the negative number of a signal.
  int exit_code();

  /// What its threads do.
  std::string describe() const;

 private:
  using Running = std::variant<std::unique_ptr<Forked>, Process>;

  template <class Works, class Task>
  static Running start(Start how, void (*live)(Works, Task), const Works& works, const Task& task) {
    if (how == Start::plain) {
      return std::make_unique<Forked>([&] { live(works, task); });
    }
    Process process(options_for(how), live, works, task);
    process.start();
    return process;
  }
  static ProcessOptions options_for(Start how);

  Running process_;
};

/// The processes of one test and what became of them.
class Crew {
 public:
  Crew(const Ledger& ledger, const Works& works, std::uint64_t seed);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void hire(Start how, Role role, Kind kind, Pace pace = Pace::busy);

  std::size_t size() const noexcept { return members_.size(); }
  Victim& operator[](std::size_t index) { return *members_[index].victim; }

  /// Takes one out, alive or not. A getter that was killed between taking an item and noting it has
  /// taken it with it.
  void kill(std::size_t index);
  void kill_all(Role role);
  /// Takes out those that have ended by themselves.
  void dismiss_ended();
  std::size_t count(Role role) const;
  /// How many threads there have been with that role: so many numbers are taken.
  std::uint32_t hired(Role role) const { return numbers_[static_cast<std::size_t>(role)]; }

  std::uint64_t kills() const noexcept { return kills_; }
  std::uint64_t may_be_missing() const noexcept { return may_be_missing_; }

  /// True, with a report on stderr, when something stood still for three seconds that should not.
  bool hangs();
  /// Of everybody and everything.
  void report(const std::string& why, Kind kind);

 private:
  struct Progress {
    std::uint64_t last = 0;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    bool stands_still(std::uint64_t now, bool should_go_on);
  };

  struct Member {
    Task task;
    std::unique_ptr<Victim> victim;
  };

  void take_out(std::size_t index);
  /// What the ledger says of its threads.
  std::string describe(const Task& task) const;
  std::uint32_t hands_out(const Task& task) const;

  const Ledger& ledger_;
  const Works& works_;
  Random random_;
  std::vector<Member> members_;
  std::array<std::uint32_t, 8> numbers_{};  // given so far, by role
  std::uint64_t kills_ = 0;
  std::uint64_t may_be_missing_ = 0;
  Progress traffic_;
  Progress holdings_;
  Progress allocations_;
  Progress clearings_;
};

}  // namespace multiprocess::test
