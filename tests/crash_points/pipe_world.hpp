// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/forked.hpp"

#include <multiprocess/connection.hpp>
#include <multiprocess/lock.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace multiprocess::test {

/// A message that says which one it is; of any size, with a handle or without.
struct Letter {
  std::size_t number = 0;
  std::vector<Lock> locks;
  std::string text;
};

/// Numbers of messages grow in the order in which they are sent: those there before, the victims',
/// the survivor's. They say of what size it is: all kinds take turns, except among those there
/// before.
inline constexpr std::size_t kinds = 6;
inline constexpr std::size_t first_small = 5'000;
inline constexpr std::size_t first_huge = 9'000;
inline constexpr std::size_t of_first_victim = 10'000;
inline constexpr std::size_t of_next_victim = 20'000;
inline constexpr std::size_t of_survivor = 30'000;
inline constexpr std::size_t last_of_all = 40'000;

/// How long what should happen at once may take.
inline constexpr std::chrono::milliseconds promptly{700};

/// What victims know of one direction of a pipe, in memory outside the arena.
struct Flow {
  std::atomic<std::size_t> reaching{0};            // victims that may have one in hand
  std::atomic<std::size_t> received{0};            // by any victim
  std::array<std::atomic<std::size_t>, 2> sent{};  // acknowledged, by each of two
};

struct PipeLedger {
  std::atomic<bool> alone{false};  // the survivor has closed its copy of the victim's end
  Flow home;                       // from the victim's end to the survivor's
  Flow out;
};

/// In which way a receiver is asleep: in recv(), in wait(), or on the descriptor by itself.
enum class Watch { none, recv, wait, descriptor };

/// Waits until that thread of this process sleeps; at most a second, since it may do so only at
/// times.
void wait_until_asleep(const std::atomic<int>& thread);

/// A thread that receives until the other end is closed, or the last message comes.
class Reader {
 public:
  Reader(const Connection& end, Watch how);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void wait_until_asleep() const { test::wait_until_asleep(thread_number_); }

  /// Waits promptly until that many messages have come, or that one, or the end.
  bool has(std::size_t count);
  bool has_number(std::size_t number);
  bool has_ended();

  /// When it has ended.
  const std::vector<std::size_t>& numbers() const { return numbers_; }

 private:
  template <class Condition>
  bool wait_until(Condition condition);
  void run(const Connection& end, Watch how);
  void read_all(const Connection& end, Watch how);
  bool read_one(const Connection& end);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> numbers_;
  bool ended_ = false;
  std::atomic<int> thread_number_{0};
  std::thread thread_;
};

/// What one victim, or two, and the survivor share.
struct PipeWorld {
  SharedPage<PipeLedger> ledger;
  Lock lock;
  Connection far;   // the victim's end
  Connection near;  // the survivor's
  std::size_t victim = 0;

  Letter letter(std::size_t number) const;

  // For victims: what returns is acknowledged.
  void send(const Connection& end, Flow& flow, std::size_t number) const;
  void receive(const Connection& end, Flow& flow) const;
};

/// Fails the test unless `numbers`, the rest of a direction that a reader got, holds everything
/// acknowledged once and in order.
void check_flow(const Flow& flow, std::size_t before, std::size_t victims,
                const std::vector<std::size_t>& numbers);

}  // namespace multiprocess::test
