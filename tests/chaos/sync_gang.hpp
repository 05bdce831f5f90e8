// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/crew.hpp"
#include "chaos/goods.hpp"
#include "support/forked.hpp"
#include "support/shared_file.hpp"

#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/semaphore.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace multiprocess::test {

/// What the members of a gang note, and what they go by.
struct Board {
  static constexpr std::uint32_t most = 16;  // members at one time

  std::atomic<std::uint64_t> turns;  // goes up while somebody gets anywhere
  std::atomic<std::uint32_t> holder;
  /// A bit for each member that has a unit, in the upper half for each that is about to be killed:
  /// read as one.
  std::atomic<std::uint64_t> inside;
  std::atomic<std::uint64_t> round;
  std::array<std::atomic<std::uint64_t>, most> passed;
  std::atomic<std::uint64_t> tokens;
  std::atomic<std::uint32_t> faults;
  std::array<char, 128> first_fault;
};

/// The primitives that they use; crosses to any of them.
struct SyncWorks {
  static constexpr int units_at_first = 3;
  static constexpr int parties = 3;

  std::string board;
  RLock lock;
  Semaphore units = Semaphore(units_at_first);
  Semaphore signals = Semaphore(0);
  std::vector<Event> events = std::vector<Event>(2);
  Condition condition;
  Barrier barrier = Barrier(parties);
};

/// What a member does, for ever: set only sets the event of the round in which it was hired, once.
/// consume: waits for a token, sometimes for a short time only; await: until there is one.
enum class Toil : std::uint32_t {
  hold,
  share,
  take_signals,
  follow,
  set,
  consume,
  await,
  produce,
  meet
};

/// Its place among the members, and how it begins.
struct SyncTask {
  Toil toil;
  std::uint32_t number;
  std::uint64_t round;
  std::uint64_t seed;
};

/// Members that may be killed at any time.
class Gang {
 public:
  explicit Gang(std::uint64_t seed);
  ~Gang() { kill_all(); }
  Gang(const Gang&) = delete;
  Gang& operator=(const Gang&) = delete;

  const SyncWorks& works() const noexcept { return works_; }
  Board& board() const noexcept { return *board_; }

  /// In the first place that is free.
  void hire(Start how, Toil toil);
  /// Fills up to so many.
  void fill_up(const std::vector<Start>& starts, Toil toil, std::uint32_t wanted);
  std::uint32_t size() const;
  std::uint32_t count(Toil toil) const;

  void kill(std::uint32_t number);
  /// One of those that do this.
  void kill_somebody(Toil toil);
  void kill_all();
  std::uint64_t kills() const noexcept { return kills_; }

  /// Living members that have not come as far as this round.
  std::uint32_t behind(std::uint64_t round) const;

  bool is_there(std::uint32_t number) const { return members_[number] != nullptr; }
  int pid(std::uint32_t number) const;
  Random& random() { return random_; }

 private:
  struct Member {
    SyncTask task;
    std::variant<std::unique_ptr<Forked>, Process> process;
  };

  Random random_;
  SharedFile<Board> board_;
  SyncWorks works_;
  std::array<std::unique_ptr<Member>, Board::most> members_;
  std::uint64_t kills_ = 0;
};

}  // namespace multiprocess::test
