// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_service.hpp>

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/pool_engine.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/task.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace multiprocess::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto tick = 2ms;  // while a task is to end
constexpr auto progress_step = 100ms;
// After terminate() those in a task are told to end, others who have not left, and then killed.
constexpr std::array<os::Deadline::duration, 3> ending_steps{50ms, 300ms, 1300ms};
constexpr auto at_leave = 5ms;       // of workers that have nothing more to do
constexpr auto start_again = 100ms;  // after a start that failed

}  // namespace

void PoolService::start(std::shared_ptr<PoolEngine> engine) {
  listen_for_ends(*this);
  runs_ = true;
  const auto gone = std::make_shared<std::promise<void>>();
  gone_ = gone->get_future();
  try {
    start_library_thread([engine = std::move(engine), gone]() mutable {
      engine->service_.serve();
      engine.reset();  // who waits keeps it, and is the one to free what it has
      gone->set_value();
    });
  } catch (...) {
    runs_ = false;
    throw;
  }
}

void PoolService::child_ended() noexcept {
  call_attention(engine_.board());
}

void PoolService::wait_for_end() noexcept {
  if (is_here()) {
    return;
  }
  if (gone_.valid()) {
    gone_.wait();
  }
  // Within a progress of this pool its own call is among those that are to be made.
  if (!ShownProgress::is_within(&engine_)) {
    engine_.callback_turns_.wait_until_made();
  }
}

void PoolService::serve() noexcept {
  thread_.store(std::this_thread::get_id(), std::memory_order_seq_cst);  // raw: ours
  while (true) {
    try {
      const std::uint64_t seen = engine_.board().attended.load(std::memory_order_seq_cst);
      if (!serve_round()) {
        break;
      }
      sleep_until_news(seen);
    } catch (...) {
      engine_.report(
          std::current_exception());  // memory is short, most likely: it may be better soon
      os::sleep_while_equal(engine_.board().attention.word, engine_.board().attention.word.load(),
                            std::chrono::steady_clock::now() + start_again);
    }
  }
  end();
  thread_.store(std::thread::id(), std::memory_order_seq_cst);  // raw: ours, and it may come again
}

bool PoolService::serve_round() {
  handle_ends();
  const auto now = std::chrono::steady_clock::now();
  execute_sentences(now);
  hurry_the_end(now);
  show_progress(now);
  settle_complete();  // what was so while its progress was told, too
  refill();
  return !is_finished();
}

void PoolService::sleep_until_news(std::uint64_t seen) {
  if (!expects_end_ && engine_.state() == PoolEngine::State::close && !engine_.expects_more() &&
      engine_.is_idle()) {
    // All that is left to come are the ends of the workers, most likely at once. Who waits for them
    // without help from others, and for all of them, is done sooner.
    expects_end_ = true;
    engine_.workers_.wait_for_ends(std::chrono::steady_clock::now() + at_leave);
    return;
  }
  const auto has_news = [&] {
    return engine_.board().attended.load(std::memory_order_seq_cst) != seen ||
           engine_.workers_.has_ended();
  };
  sleep_until(engine_.board().attention, next_look(), has_news, idle_slice);
}

// ---- workers that have ended

std::shared_ptr<Order> PoolService::owner_of(Offset place) const {
  if (place == 0) {
    return nullptr;
  }
  const std::scoped_lock lock(engine_.mutex_);
  const auto found = std::find_if(engine_.live_.begin(), engine_.live_.end(),
                                  [place](const auto& order) { return order->owns(place); });
  return found == engine_.live_.end() ? nullptr : *found;
}

/// Null when the item is innocent: it was begun while we ended its worker for another one's sake.
std::exception_ptr PoolService::error_for(const EndedWorker& ended,
                                          const std::optional<Sentence>& given, const Order& order,
                                          std::uint64_t item, int workers) {
  const std::string task = describe_loss(order.terms().task, order.terms().base + item, workers);
  if (given) {
    if (given->order.get() != &order || (given->out_of_time && given->item != item)) {
      return nullptr;
    }
    if (given->out_of_time) {
      ++engine_.counts_.timed_out;
      return std::make_exception_ptr(TaskTimeout(task + " ran out of time"));
    }
  }
  return std::make_exception_ptr(WorkerDied(ended.pid, ended.exitcode, task));
}

void PoolService::handle_end(const EndedWorker& ended) {
  const Offset place = engine_.board().place(ended.place).batch.load(std::memory_order_seq_cst);
  const auto given = engine_.sentences_.find(ended.place);
  if (const auto order = owner_of(place); order != nullptr) {
    order->recover(place, ended.place, [&](std::uint64_t item, int workers) {
      return engine_.state() == PoolEngine::State::terminate
                 ? std::make_exception_ptr(Cancelled("the pool was terminated"))
                 : error_for(ended, given, *order, item, workers);
    });
  }
  engine_.sentences_.forget(ended.place);
  engine_.workers_.clear_place(ended.place);
}

void PoolService::handle_ends() {
  engine_.workers_.take_ended(ended_workers_);
  const bool any = !ended_workers_.empty();
  while (!ended_workers_.empty()) {
    handle_end(ended_workers_.back());  // again in the next round, should memory be short
    ended_workers_.pop_back();
  }
  if (any) {
    engine_.wake_waiters();  // one of them may have died before it told somebody
  }
  if (const auto cause = engine_.workers_.failure();
      cause != nullptr && engine_.state() != PoolEngine::State::terminate) {
    break_pool(cause);
  }
}

/// Under the lock nobody frees what lies in the lanes.
bool PoolService::has_open_work() const {
  const std::scoped_lock lock(engine_.mutex_);
  return engine_.lanes_.has_open_work();
}

void PoolService::refill() {
  if (engine_.expects_more() || (engine_.state() == PoolEngine::State::close && has_open_work())) {
    cannot_start_ = !engine_.workers_.fill_places();
  }
}

void PoolService::break_pool(const std::exception_ptr& cause) {
  const std::exception_ptr error = broken_pool(
      cause,
      "the workers of the pool cannot work: they end again and again before their first task");
  {
    const std::scoped_lock lock(engine_.mutex_);
    engine_.broken_ = error;
  }
  engine_.state_.store(PoolEngine::State::terminate, std::memory_order_seq_cst);  // raw: ours
  step::store(engine_.board().closing, 1, std::memory_order_seq_cst);
  engine_.fail_all(error);
}

// ---- orders that are complete

void PoolService::settle_complete() {
  Orders owing;  // a last call, which may use the pool: so not within a series
  bool any = settle_in_order(owing);
  if (!owing.empty()) {
    const CallbackTurns::Coming coming(&engine_.callback_turns_);
    Orders told;
    for (const auto& order : owing) {
      if (order->end_progress()) {
        told.push_back(order);
      }
    }
    any = settle_in_order(owing) || any;
    if (!runs_) {  // the pool has ended meanwhile, and left it to us
      for (const auto& order : told) {
        order->on_complete();
      }
    }
  }
  if (any) {
    engine_.wake_waiters();
    LiveOrders removed;
    const std::scoped_lock lock(engine_.mutex_);
    engine_.sweep(removed);
  }
}

/// False when there were none. Left are those that owe a last progress, and those behind them.
bool PoolService::settle_in_order(Orders& owing) {
  const CallbackTurns::Series series(engine_.callback_turns_);
  std::vector<std::pair<std::uint64_t, std::shared_ptr<Order>>> complete;
  bool news = false;
  {
    const std::scoped_lock lock(engine_.mutex_);
    const std::uint64_t last = completed_first + engine_.board().heard_of.load();
    for (const auto& order : engine_.live_) {
      news = order->close_rests() || news;
      if (order->is_read() || !order->complete()) {
        continue;
      }
      if (order->owes_progress()) {
        owing.push_back(order);
      }
      if (order->batch().has(Batch::attended)) {
        complete.emplace_back(order->batch().complete.load(), order);
      }
    }
    // Those that became so while we looked: the next time, for one before them may be missing here.
    std::erase_if(complete, [last](const auto& each) { return each.first >= last; });
  }
  std::ranges::stable_sort(complete, {}, [](const auto& each) { return each.first; });
  for (const auto& [turn, order] : complete) {
    if (order->owes_progress()) {
      break;
    }
    order->on_complete();
  }
  return news || !complete.empty();
}

void PoolService::show_progress(os::Deadline now) {
  if (now < next_progress_) {
    return;
  }
  for (const auto& order :
       engine_.live_if([](const auto& each) { return each->owes_progress(); })) {
    order->tell_progress();
  }
  next_progress_ = now + progress_step;
}

// ---- tasks that are to end

void PoolService::execute_sentences(os::Deadline now) {
  for (const auto& order : engine_.live_if([](const auto& each) {
         return each->terms().time_limit.count() != 0 && !each->complete();
       })) {
    engine_.sentences_.check_limits(order, now);
  }
  engine_.counts_.timed_out += engine_.sentences_.execute(now);
}

void PoolService::hurry_the_end(os::Deadline now) noexcept {
  if (engine_.state() != PoolEngine::State::terminate) {
    return;
  }
  if (terminated_at_ == os::never) {
    terminated_at_ = std::chrono::steady_clock::now();  // `now` may have been before
  }
  for (; steps_ < ending_steps.size() && now >= terminated_at_ + ending_steps[steps_]; ++steps_) {
    for (std::uint32_t place = 0; place < engine_.board().places; ++place) {
      end_worker(place);
    }
  }
}

/// As far as it is time for that.
void PoolService::end_worker(std::uint32_t place) noexcept {
  const bool has_task = engine_.board().place(place).batch.load(std::memory_order_seq_cst) != 0;
  if (steps_ == 2) {
    engine_.workers_.kill(place);
  } else if (steps_ == 1 || has_task) {
    engine_.workers_.terminate(place);
  }
}

os::Deadline PoolService::next_look() const {
  const auto now = std::chrono::steady_clock::now();
  os::Deadline next = os::never;
  if (!engine_.sentences_.empty() || engine_.state() == PoolEngine::State::terminate) {
    next = now + tick;
  }
  if (cannot_start_) {
    next = std::min(next, now + start_again);
  }
  const std::scoped_lock lock(engine_.mutex_);
  for (const auto& order : engine_.live_) {
    if (order->owes_progress()) {
      next = std::min(next, next_progress_);
    }
    if (order->terms().time_limit.count() != 0 && !order->complete()) {
      next = std::min(next, engine_.sentences_.next_limit(*order, now));
    }
  }
  return next;
}

// ---- the end

bool PoolService::is_finished() const {
  return !engine_.expects_more() && engine_.workers_.running() == 0 &&
         (engine_.state() == PoolEngine::State::terminate || !has_open_work());
}

void PoolService::end() noexcept {
  engine_.fail_all(std::make_exception_ptr(Cancelled("the pool was terminated")));
  LiveOrders left;
  {
    const std::scoped_lock lock(engine_.mutex_);
    engine_.workers_.finish();
    runs_ = false;
    engine_.sweep(left);
    engine_.live_.give_up_all(left);
    engine_.read_count_ = 0;
  }
}

}  // namespace multiprocess::detail
