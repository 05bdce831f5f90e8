// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace multiprocess::detail {

/// Somebody who has callbacks to make.
class CallbackOwner {
 public:
  virtual void make_calls() noexcept = 0;

 protected:
  ~CallbackOwner() = default;
};

/// Lets the callbacks of a pool be made one at a time and in order, by whichever threads find that
/// there are some: so they may all write to the same things, as in Python, where one thread makes
/// them.
class CallbackTurns {
 public:
  CallbackTurns() = default;
  CallbackTurns(const CallbackTurns&) = delete;
  CallbackTurns& operator=(const CallbackTurns&) = delete;

  /// Its calls are made by this thread now, or soon by the one that makes those of others.
  void take(const std::shared_ptr<CallbackOwner>& owner) noexcept;

  /// While one exists calls may come, of what is being settled; null: not here.
  class Coming {
   public:
    explicit Coming(CallbackTurns* turns) noexcept : turns_(turns) {
      if (turns_ != nullptr) {
        turns_->coming_.fetch_add(1, std::memory_order_seq_cst);
      }
    }
    ~Coming() {
      if (turns_ != nullptr && turns_->coming_.fetch_sub(1, std::memory_order_seq_cst) == 1) {
        turns_->tell_awaiting();
      }
    }
    Coming(const Coming&) = delete;
    Coming& operator=(const Coming&) = delete;

   private:
    CallbackTurns* turns_;
  };

  /// Returns when all are made that were to come; within one of them, when those of others are.
  void wait_until_made() noexcept;

  /// What this thread takes meanwhile is made at the end. Only one thread does so at a time: so it
  /// may put what it takes in order.
  class Series {
   public:
    explicit Series(CallbackTurns& turns);
    ~Series();
    Series(const Series&) = delete;
    Series& operator=(const Series&) = delete;

   private:
    CallbackTurns& turns_;
  };

  /// This thread makes some now.
  bool is_maker() const noexcept {
    return maker_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  /// A callback of this thread waits, and others' calls with it.
  bool is_due_here() const noexcept {
    return is_due_.load(std::memory_order_acquire) && is_maker();
  }
  /// Makes them, if so.
  void go_on() noexcept;

 private:
  bool all_made() const noexcept;
  void tell_awaiting() noexcept;
  void make_due() noexcept;
  bool begin() noexcept;
  std::shared_ptr<CallbackOwner> next(bool nested) noexcept;

  std::mutex series_;
  std::atomic<std::thread::id> collector_{};
  std::atomic<int> coming_{0};
  std::atomic<bool> awaited_{false};
  std::mutex mutex_;  // of what follows
  std::deque<std::shared_ptr<CallbackOwner>> due_;
  std::condition_variable made_;
  std::atomic<bool> is_due_{false};
  std::atomic<std::thread::id> maker_{};
};

}  // namespace multiprocess::detail
