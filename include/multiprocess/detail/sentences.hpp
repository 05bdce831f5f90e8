// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/pool_workers.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace multiprocess::detail {

/// A task that is to end, with its worker if it must be.
struct Sentence {
  std::shared_ptr<Order> order;
  std::uint32_t place;
  std::uint64_t item;
  bool out_of_time;         // else nobody wants its result
  os::Deadline mild_until;  // until then it is only asked
  os::Deadline end;         // then its worker is killed
  bool asked = false;
  bool terminated = false;
};

/// The tasks of a pool that are to end: because their time is up, or since they were cancelled.
class Sentences {
 public:
  Sentences(Board& board, PoolWorkers& workers) : board_(board), workers_(workers) {}

  /// Every task of this order is to end.
  void condemn(const std::shared_ptr<Order>& order);

  /// Those tasks of an order with a time limit are to end that have reached it.
  void check_limits(const std::shared_ptr<Order>& order, os::Deadline now);
  /// When the next one may reach it.
  os::Deadline next_limit(const Order& order, os::Deadline now) const;

  /// Asks, terminates and kills. How many tasks have heard that they are out of time.
  std::uint64_t execute(os::Deadline now);
  bool empty() const;

  /// Why we have ended the worker of a place, if it was us.
  std::optional<Sentence> find(std::uint32_t place) const;
  void forget(std::uint32_t place);

 private:
  void add(const std::shared_ptr<Order>& order, std::uint32_t place, std::uint64_t item,
           bool out_of_time);
  bool execute(Sentence& given, os::Deadline now);
  void ask(Sentence& given, Place& here);

  Board& board_;
  PoolWorkers& workers_;
  std::uint64_t told_ = 0;
  mutable std::mutex mutex_;
  std::vector<Sentence> given_;
};

}  // namespace multiprocess::detail
