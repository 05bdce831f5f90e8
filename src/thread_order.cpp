// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_order.hpp>

#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/thread_chunk.hpp>
#include <multiprocess/detail/thread_engine.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace multiprocess::detail {

void Sleepers::wake() noexcept {
  { const std::scoped_lock lock(mutex_); }
  changed_.notify_all();
}

ThreadOrder::ThreadOrder(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms,
                         std::optional<std::uint64_t> number)
    : engine_(std::move(engine)),
      terms_(terms),
      number_(number ? *number : engine_->next_number()),
      chunks_((terms.items + terms.chunk - 1) / terms.chunk),
      looked_at_(terms.time_limit.count() != 0 || engine_->seed()),
      open_(chunks_) {
  if (has(Batch::takes_token)) {
    stop_ = std::stop_source();
  }
}

ThreadOrder::~ThreadOrder() = default;

// ---- claims

std::optional<ThreadOrder::Chunk> ThreadOrder::claim() noexcept {
  if (next_.load(std::memory_order_relaxed) < chunks_) {
    const std::uint64_t chunk = next_.fetch_add(1, std::memory_order_acq_rel);
    if (chunk < chunks_) {
      const std::uint64_t begin = chunk * terms_.chunk;
      return Chunk{begin, begin + std::min(terms_.chunk, terms_.items - begin)};
    }
  }
  return has_rests_.load(std::memory_order_acquire) ? claim_rest() : std::nullopt;
}

std::optional<ThreadOrder::Chunk> ThreadOrder::claim_rest() noexcept {
  const std::scoped_lock lock(mutex_);
  if (rests_.empty()) {
    return std::nullopt;
  }
  const Chunk rest = rests_.back();
  rests_.pop_back();
  has_rests_.store(!rests_.empty(), std::memory_order_release);
  return rest;
}

bool ThreadOrder::exhausted() const noexcept {
  return next_.load(std::memory_order_acquire) >= chunks_ &&
         !has_rests_.load(std::memory_order_acquire);
}

/// All that nobody has claimed: how many chunks.
std::uint64_t ThreadOrder::take_unclaimed() noexcept {
  const std::uint64_t claimed = std::min(next_.exchange(chunks_), chunks_);
  const std::scoped_lock lock(mutex_);
  has_rests_.store(false);
  return chunks_ - claimed + std::exchange(rests_, {}).size();
}

// ---- work

void ThreadOrder::work_on(const std::shared_ptr<ThreadOrder>& self, const Chunk& claimed) noexcept {
  ThreadChunk chunk(self, claimed);
  try {
    run(chunk);
  } catch (...) {
    chunk.fail_rest(std::current_exception());
  }
  if (!chunk.is_ours()) {
    return;
  }
  if (progress_ == nullptr) {
    ended_.fetch_add(chunk.begun_since(claimed.begin), std::memory_order_relaxed);
  }
  close(1);
}

void ThreadOrder::close(std::uint64_t chunks) noexcept {
  if (chunks != 0 && open_.fetch_sub(chunks, std::memory_order_seq_cst) == chunks) {
    account();
    end_progress();
    on_complete();
  }
}

void ThreadOrder::note_error(std::uint64_t item, std::exception_ptr error) noexcept {
  failed_.fetch_add(1, std::memory_order_relaxed);
  put_error(item, std::move(error));
}

void ThreadOrder::put_error(std::uint64_t, std::exception_ptr error) noexcept {
  const std::scoped_lock lock(mutex_);
  if (first_error_ == nullptr) {
    first_error_ = std::move(error);
  }
}

std::exception_ptr ThreadOrder::error() const {
  const std::scoped_lock lock(mutex_);
  return failure_ != nullptr ? failure_ : first_error_;
}

void ThreadOrder::withdraw(const std::exception_ptr& why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (failure_ == nullptr) {
      failure_ = why;
    }
  }
  withdrawn_.store(true, std::memory_order_release);
  if (progress_ != nullptr) {
    progress_->stop();
  }
  account();
  const std::uint64_t unclaimed = take_unclaimed();
  if (terms_.caller != Caller::waits) {
    fail(why);
  }
  stop_.request_stop();
  if (terms_.time_limit.count() != 0) {
    engine_->watch().stop(*this);
  }
  close(unclaimed);
}

void ThreadOrder::lose(const std::shared_ptr<ThreadOrder>& self, std::uint64_t item,
                       std::uint64_t end) noexcept {
  engine_->counts().timed_out += 1;
  note_error(item, std::make_exception_ptr(TaskTimeout(fmt::format(
                       "{}, item {}, ran out of time", readable(terms_.task), item_number(item)))));
  if (item + 1 != end && !has(Batch::stops_at_error) && leave_rest({item + 1, end})) {
    engine_->submit_again(self);
  }
  close(1);
}

/// For others to claim. False when nobody will.
bool ThreadOrder::leave_rest(const Chunk& rest) {
  const std::scoped_lock lock(mutex_);
  if (withdrawn()) {
    return false;
  }
  open_.fetch_add(1, std::memory_order_acq_rel);
  rests_.push_back(rest);
  has_rests_.store(true, std::memory_order_release);
  return true;
}

/// Once: what has become of its items counts.
void ThreadOrder::account() noexcept {
  if (accounted_.exchange(true)) {
    return;
  }
  ThreadCounts& counts = engine_->counts();
  const std::uint64_t failed = failed_.load();
  const std::uint64_t ended = withdrawn() ? std::max(ended_.load(), failed) : terms_.items;
  counts.failed += failed;
  counts.completed += ended - failed;
  counts.cancelled += terms_.items - ended;
}

// ---- progress

void ThreadOrder::show_progress(ShownProgress::Call call) {
  progress_ = std::make_unique<ShownProgress>(
      engine_.get(), std::move(call),
      [this](const std::exception_ptr& error) { engine_->report(error); });
  looked_at_ = true;
}

void ThreadOrder::tell_progress(std::uint64_t ended) noexcept {
  if (progress_ == nullptr) {
    return;
  }
  const std::uint64_t done = ended_.fetch_add(ended, std::memory_order_relaxed) + ended;
  const auto now = std::chrono::steady_clock::now();
  auto next = next_progress_.load(std::memory_order_relaxed);
  if (done != terms_.items &&  // the last time is when all of it is over
      now >= next &&
      next_progress_.compare_exchange_strong(next, now + std::chrono::milliseconds(100),
                                             std::memory_order_relaxed)) {
    // The latest number; that all is done is told when nobody is at work on it any more.
    progress_->tell(std::min(ended_.load(), terms_.items - 1), terms_.items);
  }
}

/// Nobody else tells it: who does is in a chunk, and all are closed.
void ThreadOrder::end_progress() noexcept {
  if (progress_ != nullptr) {
    progress_->tell(terms_.items, terms_.items);
  }
}

// ---- chunks

void ThreadChunk::begin_looked_at() {
  if (const auto& seed = order_.engine().seed()) {
    set_task_seed(derive_seed(*seed, order_.number(), order_.item_number(item())));
  }
  in_hand_ = true;
  const auto limit = order_.terms().time_limit;
  if (limit.count() == 0) {
    return;
  }
  task_.order = shared_order_;
  task_.item = item();
  task_.end = end_;
  task_.due = std::chrono::steady_clock::now() + limit;
  if (order_.has(Batch::takes_token)) {
    task_.stop = std::stop_source();
  }
  order_.engine().watch().begin(task_);
  if (order_.withdrawn()) {  // its tasks may have been asked to stop just before this one began
    task_.stop.request_stop();
  }
}

bool ThreadChunk::end_looked_at() noexcept {
  if (std::exchange(in_hand_, false)) {
    if (order_.terms().time_limit.count() != 0) {
      ours_ = order_.engine().watch().end(task_);
    }
    if (ours_) {
      order_.tell_progress(1);
    } else {
      end_ = at_;
    }
  }
  return ours_;
}

void ThreadChunk::fail(const std::exception_ptr& error) noexcept {
  if (!end()) {
    return;
  }
  order_.note_error(item(), error);
  if (order_.has(Batch::stops_at_error)) {
    end_ = at_;
  }
}

void ThreadChunk::fail_rest(const std::exception_ptr& error) noexcept {
  while (is_ours() && at_ != end_) {
    ++at_;
    order_.note_error(item(), error);
  }
}

}  // namespace multiprocess::detail
