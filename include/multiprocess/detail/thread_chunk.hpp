// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/thread_order.hpp>
#include <multiprocess/detail/thread_watch.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>

namespace multiprocess::detail {

/// The items of a chunk in a thread's hand, one after the other.
class ThreadChunk {
 public:
  ThreadChunk(const std::shared_ptr<ThreadOrder>& order, const ThreadOrder::Chunk& items) noexcept
      : order_(*order), shared_order_(order), at_(items.begin), end_(items.end) {}

  /// The next item is in hand; false when there is none, or nobody wants any more.
  bool begin() {
    if (at_ == end_ || order_.withdrawn()) {
      return false;
    }
    ++at_;
    if (order_.is_looked_at()) [[unlikely]] {
      begin_looked_at();
    }
    return true;
  }
  std::uint64_t item() const noexcept { return at_ - 1; }
  std::stop_token stop_token() const noexcept {
    return task_.stop.stop_possible() ? task_.stop.get_token() : order_.stop_token();
  }

  /// Its task has returned. False when its time was up before: nobody wants the result, and the
  /// rest of the chunk is for others.
  bool end() noexcept { return !order_.is_looked_at() || end_looked_at(); }

  /// Its task has thrown.
  void fail(const std::exception_ptr& error) noexcept;
  /// Nothing of the rest can be done.
  void fail_rest(const std::exception_ptr& error) noexcept;

  /// False when it was taken away.
  bool is_ours() const noexcept { return ours_; }
  /// How many of its items were in hand.
  std::uint64_t begun_since(std::uint64_t begin) const noexcept { return at_ - begin; }

 private:
  void begin_looked_at();
  bool end_looked_at() noexcept;

  ThreadOrder& order_;
  const std::shared_ptr<ThreadOrder>& shared_order_;
  std::uint64_t at_;  // behind the item in hand
  std::uint64_t end_;
  bool ours_ = true;
  bool in_hand_ = false;
  TimedTask task_;
};

}  // namespace multiprocess::detail
