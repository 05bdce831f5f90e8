// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_engine.hpp>

#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace multiprocess::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto tick = 2ms;  // while a task is to end
constexpr auto progress_step = 100ms;
constexpr auto last_grace = 1s;      // between SIGTERM and SIGKILL at the end of a pool
constexpr auto start_again = 100ms;  // after a start that failed

os::Deadline moment(std::uint64_t nanoseconds) {
  return os::Deadline(std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

void PoolEngine::start_service() {
  service_runs_ = true;
  listen_for_ends(*this);
  auto mine = std::make_unique<std::shared_ptr<PoolEngine>>(shared_from_this());
  os::start_quiet_thread(
      [](void* argument) {
        const std::unique_ptr<std::shared_ptr<PoolEngine>> engine(
            static_cast<std::shared_ptr<PoolEngine>*>(argument));
        const LibraryThread counted;
        (*engine)->serve();
      },
      mine.get());
  static_cast<void>(mine.release());
}

void PoolEngine::serve() noexcept {
  service_thread_.store(std::this_thread::get_id(), std::memory_order_seq_cst);
  while (true) {
    try {
      const std::uint64_t seen = board().attended.load(std::memory_order_seq_cst);
      if (!serve_round()) {
        break;
      }
      sleep_until_news(seen);
    } catch (...) {
      report(std::current_exception());  // memory is short, most likely: it may be better soon
      os::sleep_while_equal(board().attention.word, board().attention.word.load(),
                            std::chrono::steady_clock::now() + start_again);
    }
  }
  end_service();
}

bool PoolEngine::serve_round() {
  handle_ends();
  const auto now = std::chrono::steady_clock::now();
  check_limits(now);
  execute_sentences(now);
  hurry_the_end(now);
  settle_complete();
  show_progress(now);
  refill();
  return !is_finished();
}

void PoolEngine::sleep_until_news(std::uint64_t seen) {
  sleep_until(board().attention, next_look(), [&] {
    return board().attended.load(std::memory_order_seq_cst) != seen || workers_.has_ended();
  });
}

// ---- workers that have ended

std::shared_ptr<Order> PoolEngine::owner_of(Offset place) const {
  if (place == 0) {
    return nullptr;
  }
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(live_.begin(), live_.end(),
                                  [place](const auto& order) { return order->owns(place); });
  return found == live_.end() ? nullptr : *found;
}

/// Why we have ended the worker, if it was us.
std::optional<PoolEngine::Sentence> PoolEngine::sentence_of(std::uint32_t place) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(
      sentences_.begin(), sentences_.end(),
      [place](const Sentence& given) { return given.place == place && given.terminated; });
  return found == sentences_.end() ? std::nullopt : std::optional(*found);
}

/// Null when the item is innocent: it was begun while we ended its worker for another one's sake.
std::exception_ptr PoolEngine::error_for(const EndedWorker& ended,
                                         const std::optional<Sentence>& given, const Order& order,
                                         std::uint64_t item) {
  if (given) {
    if (given->order.get() != &order || (given->out_of_time && given->item != item)) {
      return nullptr;
    }
    if (given->out_of_time) {
      ++counts_.timed_out;
      return std::make_exception_ptr(TaskTimeout(
          fmt::format("{}, item {}, ran out of time", readable(order.terms().task), item)));
    }
  }
  const std::string task = fmt::format("{}, item {},", readable(order.terms().task), item);
  return std::make_exception_ptr(WorkerDied(ended.pid, ended.exitcode, task));
}

void PoolEngine::handle_end(const EndedWorker& ended) {
  const Offset place = board().place(ended.place).batch.load(std::memory_order_seq_cst);
  const auto given = sentence_of(ended.place);
  if (const auto order = owner_of(place); order != nullptr) {
    order->recover(place, ended.place, [&](std::uint64_t item) {
      return state() == State::terminate
                 ? std::make_exception_ptr(Cancelled("the pool was terminated"))
                 : error_for(ended, given, *order, item);
    });
  }
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(sentences_, [&](const Sentence& each) { return each.place == ended.place; });
  }
  workers_.clear_place(ended.place);
}

void PoolEngine::handle_ends() {
  const std::vector<EndedWorker> ended = workers_.take_ended();
  for (const EndedWorker& each : ended) {
    handle_end(each);
  }
  if (!ended.empty()) {
    wake_waiters();  // one of them may have died before it told somebody
  }
  if (const auto cause = workers_.failure(); cause != nullptr && state() != State::terminate) {
    break_pool(cause);
  }
}

void PoolEngine::refill() {
  const bool wanted = state() == State::run || (state() == State::close && has_open_work());
  if (!wanted) {
    return;
  }
  cannot_start_ = !workers_.fill_places();
}

void PoolEngine::break_pool(const std::exception_ptr& cause) {
  try {
    try {
      std::rethrow_exception(cause);
    } catch (...) {
      std::throw_with_nested(BrokenProcessPool(
          "the workers of the pool cannot work: they end again and again before their first task"));
    }
  } catch (const BrokenProcessPool&) {
    const std::scoped_lock lock(mutex_);
    broken_ = std::current_exception();
  }
  state_.store(State::terminate, std::memory_order_seq_cst);
  board().closing.store(1, std::memory_order_seq_cst);
  fail_all(broken_);
}

// ---- orders that are complete

void PoolEngine::settle_complete() {
  Orders complete;
  bool news = false;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& order : live_) {
      news = order->close_rests() || news;
      if (order->complete() && order->batch().has(Batch::attended) && !order->is_read()) {
        complete.push_back(order);
      }
    }
  }
  for (const auto& order : complete) {
    order->on_complete();
  }
  if (news || !complete.empty()) {
    wake_waiters();
    const std::scoped_lock lock(mutex_);
    sweep();
  }
}

void PoolEngine::account_for(const Order& order) {
  const std::uint64_t failed = order.failures();
  counts_.failed += failed;
  counts_.completed += order.terms().items - std::min(failed, order.terms().items);
  if (trace_ != nullptr) {
    trace_->add(order.batch(), readable(order.terms().task));
  }
}

void PoolEngine::show_progress(os::Deadline now) {
  if (now < next_progress_) {
    return;
  }
  Orders shown;
  {
    const std::scoped_lock lock(mutex_);
    std::copy_if(live_.begin(), live_.end(), std::back_inserter(shown),
                 [](const auto& order) { return order->progress != nullptr; });
  }
  for (const auto& order : shown) {
    order->tell_progress();
  }
  next_progress_ = now + progress_step;
}

// ---- tasks that are to end

void PoolEngine::sentence(const std::shared_ptr<Order>& order, std::uint32_t place,
                          std::uint64_t item, bool out_of_time) {
  const bool known = std::any_of(sentences_.begin(), sentences_.end(), [&](const Sentence& given) {
    return given.place == place && given.order == order &&
           (!given.out_of_time || given.item == item);
  });
  if (known) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto grace = order->terms().grace;
  const bool hears = order->batch().has(Batch::takes_token);
  Sentence given{order, place, item, out_of_time, now, now + grace};
  if (hears) {
    given.mild_until = now + grace;
    given.end = given.mild_until + grace;
  }
  sentences_.push_back(std::move(given));
}

void PoolEngine::condemn_workers_of(const std::shared_ptr<Order>& order) {
  for (std::uint32_t place = 0; place < size(); ++place) {
    const Place& here = board().place(place);
    if (order->owns(here.batch.load(std::memory_order_seq_cst))) {
      sentence(order, place, here.item.load() - 1, false);
    }
  }
}

void PoolEngine::check_limits(os::Deadline now) {
  Orders timed;
  {
    const std::scoped_lock lock(mutex_);
    std::copy_if(live_.begin(), live_.end(), std::back_inserter(timed), [](const auto& order) {
      return order->terms().time_limit.count() != 0 && !order->complete();
    });
  }
  for (const auto& order : timed) {
    for (std::uint32_t place = 0; place < size(); ++place) {
      const Place& here = board().place(place);
      const std::uint64_t item = here.item.load(std::memory_order_seq_cst);
      const auto since = moment(here.since.load());
      const bool late = item != 0 && order->owns(here.batch.load(std::memory_order_seq_cst)) &&
                        here.item.load() == item && since + order->terms().time_limit <= now;
      if (late) {
        const std::scoped_lock lock(mutex_);
        sentence(order, place, item - 1, true);
      }
    }
  }
}

/// False when it has no purpose any more.
bool PoolEngine::execute(Sentence& given, os::Deadline now) {
  Place& here = board().place(given.place);
  const bool there = given.order->owns(here.batch.load(std::memory_order_seq_cst)) &&
                     (!given.out_of_time || here.item.load() == given.item + 1);
  const auto ticket = workers_.ticket(given.place);
  if (!there || !ticket) {
    return given.terminated;  // then the end of the worker tells what for
  }
  if (!given.asked && given.order->batch().has(Batch::takes_token)) {
    if (given.out_of_time && given.order->terms().retries == 0) {
      given.order->set_verdict(given.item, std::make_exception_ptr(TaskTimeout()));
      ++counts_.timed_out;
    }
    request_stop(here, given.order->number(),
                 given.out_of_time ? given.item : here.item.load() - 1);
    given.asked = true;
  }
  if (now >= given.end) {
    given.terminated = true;
    workers_.kill(given.place);
  } else if (now >= given.mild_until && !given.terminated && !holds_a_lock(*ticket)) {
    given.terminated = true;
    workers_.terminate(given.place);
  }
  return true;
}

void PoolEngine::execute_sentences(os::Deadline now) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(sentences_, [&](Sentence& given) { return !execute(given, now); });
}

void PoolEngine::hurry_the_end(os::Deadline now) noexcept {
  if (state() != State::terminate) {
    return;
  }
  if (kill_at_ == os::never) {
    kill_at_ = now + last_grace;
    workers_.terminate_all();
  } else if (now >= kill_at_) {
    workers_.kill_all();
  }
}

os::Deadline PoolEngine::next_look() const {
  const auto now = std::chrono::steady_clock::now();
  os::Deadline next = os::never;
  const std::scoped_lock lock(mutex_);
  if (!sentences_.empty()) {
    next = now + tick;
  }
  if (cannot_start_) {
    next = std::min(next, now + start_again);
  }
  if (state() == State::terminate) {
    next = std::min(next, now + tick);
  }
  for (const auto& order : live_) {
    if (order->progress) {
      next = std::min(next, next_progress_);
    }
    const auto limit = order->terms().time_limit;
    if (limit.count() == 0 || order->complete()) {
      continue;
    }
    next = std::min(next, now + limit);
    for (std::uint32_t place = 0; place < size(); ++place) {
      const Place& here = board().place(place);
      const auto due = moment(here.since.load()) + limit;
      if (here.item.load() != 0 && order->owns(here.batch.load()) && due > now) {
        next = std::min(next, due);
      }
    }
  }
  return next;
}

// ---- the end

bool PoolEngine::is_finished() {
  if (state() == State::run || workers_.running() != 0) {
    return false;
  }
  return state() == State::terminate || !has_open_work();
}

void PoolEngine::end_service() noexcept {
  fail_all(std::make_exception_ptr(Cancelled("the pool was terminated")));
  {
    const std::scoped_lock lock(mutex_);
    workers_.finish();
    service_runs_ = false;
    sweep();
    live_.clear();
  }
  service_ended_.notify_all();
}

}  // namespace multiprocess::detail
