// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_engine.hpp>

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/detail/worker.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::uint32_t most_depth = 8;
constexpr std::size_t large = std::size_t{64} << 10;

void set_up(Board& board, const PoolPlan& plan) {
  board.depth = pool_nesting().depth + 1;
  board.most_chunks = plan.chunks_per_worker;
  board.most_memory = plan.memory_per_worker;
  board.seed = plan.seed.value_or(0);
}

}  // namespace

PoolEngine::PoolEngine(PoolPlan plan)
    : plan_(std::move(plan)),
      board_(make_board(plan_.workers.count)),
      creator_(this_participant()),
      workers_(plan_.workers, board_) {
  if (pool_nesting().depth >= most_depth) {
    throw RuntimeError("pools are nested 8 deep: a task that makes a pool seems to run in it");
  }
  set_up(board(), plan_);
  if (!plan_.trace_file.empty()) {
    trace_ = std::make_unique<TraceFile>(plan_.trace_file);
  }
  const std::scoped_lock lock(lanes_mutex_);
  add_lane(0);
}

std::shared_ptr<PoolEngine> PoolEngine::start(PoolPlan plan) {
  auto engine = std::make_shared<PoolEngine>(std::move(plan));
  if (!engine->plan_.inline_tasks) {
    engine->workers_.start_all();
    engine->start_service();
  }
  return engine;
}

PoolEngine::~PoolEngine() {
  stop_listening(*this);
  live_.clear();
  free_lanes();
  if (const Offset message = board().exit_call.load(); message != 0) {
    Message::drop(message);
  }
  const bool tidy = parts_.load() == 0 && workers_.died() == 0;
  board().tidy.store(tidy ? 1 : 0, std::memory_order_release);
}

// ---- lanes

Offset PoolEngine::make_dummy() {
  const Offset place = allocate_part(board(), sizeof(Batch));
  std::memset(at<std::byte>(place), 0, sizeof(Batch));
  Batch& dummy = *new (at<Batch>(place)) Batch{};
  dummy.complete.store(1, std::memory_order_relaxed);
  dummy.claimed.store(1, std::memory_order_relaxed);
  return place;
}

std::size_t PoolEngine::add_lane(int priority) {
  const std::size_t lane = lanes_.size();
  const Offset first = make_dummy();
  lanes_.push_back({priority, first, 0, {first}});
  board().lanes[lane].head.store(first, std::memory_order_seq_cst);
  publish_lanes();
  return lane;
}

void PoolEngine::publish_lanes() noexcept {
  std::vector<std::size_t> order(lanes_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return lanes_[a].priority > lanes_[b].priority;
  });
  std::uint64_t word = ~std::uint64_t{0};
  for (auto lane = order.rbegin(); lane != order.rend(); ++lane) {
    word = word << 4 | *lane;
  }
  board().order.store(word, std::memory_order_seq_cst);
}

std::size_t PoolEngine::lane_for(int priority) {
  const auto distance = [priority](const LaneState& lane) {
    return std::abs(static_cast<long>(lane.priority) - priority);
  };
  const auto nearest = std::min_element(
      lanes_.begin(), lanes_.end(),
      [&](const LaneState& a, const LaneState& b) { return distance(a) < distance(b); });
  if (nearest->priority != priority && lanes_.size() < Board::most_lanes) {
    return add_lane(priority);
  }
  return static_cast<std::size_t>(nearest - lanes_.begin());
}

void PoolEngine::append_to(std::size_t lane, Offset place) noexcept {
  LaneState& state = lanes_[lane];
  Batch& batch = *at<Batch>(place);
  batch.lane = lane;
  batch.turn = ++state.turn;
  at<Batch>(state.tail)->next.store(place, std::memory_order_seq_cst);
  state.tail = place;
}

void PoolEngine::append(Offset place, int priority) {
  const std::uint64_t chunks = at<Batch>(place)->chunks;
  {
    const std::scoped_lock lock(lanes_mutex_);
    append_to(lane_for(priority), place);
  }
  call_workers(board(), std::min<std::uint64_t>(chunks, size()));
}

bool PoolEngine::has_passed(Offset place) const noexcept {
  const Batch& batch = *at<Batch>(place);
  return detail::has_passed(board().lanes[batch.lane], batch);
}

/// What is over makes room, also when no worker has come by since.
void PoolEngine::advance_lanes() noexcept {
  const std::scoped_lock lock(lanes_mutex_);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& head = board().lanes[i].head;
    const auto is_over = [](Offset place) { return at<Batch>(place)->complete.load() != 0; };
    for (Offset first = head.load(); is_over(first); first = head.load()) {
      if (first == lanes_[i].tail && block_size(first) > large) {
        try {
          const Offset dummy = make_dummy();
          lanes_[i].dummies.push_back(dummy);
          append_to(i, dummy);
        } catch (const std::bad_alloc&) {
          break;
        }
      }
      const Offset next = at<Batch>(first)->next.load();
      if (next == 0) {
        break;
      }
      head.compare_exchange_strong(first, next);
    }
    std::erase_if(lanes_[i].dummies, [&](Offset dummy) {
      const bool unused = has_passed(dummy) && !is_looked_at(board(), dummy);
      if (unused) {
        reclaim(dummy);
      }
      return unused;
    });
  }
}

void PoolEngine::free_lanes() noexcept {
  const std::scoped_lock lock(lanes_mutex_);
  for (const LaneState& lane : lanes_) {
    for (const Offset dummy : lane.dummies) {
      reclaim(dummy);
    }
  }
}

bool PoolEngine::has_open_work() const noexcept {
  const std::scoped_lock lock(lanes_mutex_);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    for (Offset place = board().lanes[i].head.load(); place != 0;
         place = at<Batch>(place)->next.load()) {
      if (at<Batch>(place)->claimed.load() == 0) {
        return true;
      }
    }
  }
  return false;
}

// ---- orders

void PoolEngine::require_running() {
  if (this_participant() != creator_) {
    throw RuntimeError("a pool belongs to the process that made it");
  }
  const std::scoped_lock lock(mutex_);
  if (broken_ != nullptr) {
    std::rethrow_exception(broken_);
  }
  if (state() != State::run) {
    throw ValueError("Pool not running");
  }
}

void PoolEngine::submit(const std::shared_ptr<Order>& order) {
  require_running();
  {
    const std::scoped_lock lock(mutex_);
    live_.push_back(order);
    if (live_.size() >= sweep_at_) {
      sweep();
    }
  }
  counts_.submitted += order->terms().items;
  append(order->place(), order->terms().priority);
  if (plan_.inline_tasks) {
    work_inline();
  } else if (order->terms().time_limit.count() != 0 || order->progress) {
    call_attention(board());
  }
}

void PoolEngine::work_inline() {
  const std::scoped_lock lock(inline_mutex_);
  ++inline_depth_;
  work_here(board_);
  if (--inline_depth_ == 0) {
    settle_complete();
  }
}

void PoolEngine::wake_waiters() noexcept {
  board().done.wake(INT_MAX);
}

void PoolEngine::attend(Order& order) noexcept {
  order.attend_to();
}

void PoolEngine::was_read(const Order& order) noexcept {
  if (order.size() > large) {
    const std::scoped_lock lock(mutex_);
    sweep();
  }
}

/// Frees what nobody needs any more. Under the lock.
void PoolEngine::sweep() noexcept {
  if (inline_depth_ != 0) {
    return;
  }
  advance_lanes();
  const bool workers_left = service_runs_;
  std::erase_if(live_, [&](const std::shared_ptr<Order>& order) {
    return order->complete() && is_read(order) && order->release(workers_left);
  });
  sweep_at_ = std::max<std::size_t>(64, 2 * live_.size());
}

/// Or nobody is left who could read it.
bool PoolEngine::is_read(const std::shared_ptr<Order>& order) noexcept {
  if (order->is_read()) {
    return true;
  }
  if (order.use_count() > 1 || order->batch().has(Batch::attended)) {
    return false;
  }
  order->account();
  return true;
}

void PoolEngine::abandon(Order& order) noexcept {
  counts_.cancelled += order.terms().items;
  order.withdraw();
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& live : live_) {
      if (live.get() == &order) {
        condemn_workers_of(live);
        break;
      }
    }
  }
  call_attention(board());
}

void PoolEngine::report(std::exception_ptr error) const noexcept {
  try {
    if (plan_.on_callback_error) {
      plan_.on_callback_error(error);
      return;
    }
    std::rethrow_exception(error);
  } catch (...) {
    const std::string text = describe_current_exception();
    std::fprintf(stderr, "Exception ignored in a callback of a pool:\n%s", text.c_str());
  }
}

PoolStats PoolEngine::stats() const {
  PoolStats all{counts_.submitted,  counts_.completed, counts_.failed,
                counts_.cancelled,  counts_.retried,   counts_.timed_out,
                workers_.started(), workers_.died(),   workers_.retired()};
  const std::vector<int> pids = workers_.pids_by_place();
  const std::uint64_t now = nanoseconds_now();
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Place& here = board().place(i);
    const std::uint64_t busy = here.busy.load(std::memory_order_relaxed);
    const std::uint64_t since = here.ready_at.load(std::memory_order_relaxed);
    const std::uint64_t lived = since == 0 || pids[i] == 0 ? busy : now - since;
    all.workers.push_back({pids[i], std::chrono::nanoseconds(busy),
                           std::chrono::nanoseconds(lived - std::min(lived, busy))});
    for (const SlowTask& task : here.slowest) {
      if (task.nanoseconds != 0) {
        all.slowest_tasks.push_back(
            {std::chrono::nanoseconds(task.nanoseconds), task.number, task.item});
      }
    }
  }
  std::sort(all.slowest_tasks.begin(), all.slowest_tasks.end(),
            [](const SlowestTask& a, const SlowestTask& b) { return a.duration > b.duration; });
  all.slowest_tasks.resize(std::min<std::size_t>(all.slowest_tasks.size(), 5));
  return all;
}

// ---- the end

void PoolEngine::close() noexcept {
  State expected = State::run;
  state_.compare_exchange_strong(expected, State::close);
  board().closing.store(1, std::memory_order_seq_cst);
  call_workers(board(), INT_MAX);
  call_attention(board());
}

void PoolEngine::terminate() noexcept {
  if (this_participant() != creator_) {
    return;
  }
  state_.store(State::terminate, std::memory_order_seq_cst);
  board().closing.store(1, std::memory_order_seq_cst);
  fail_all(std::make_exception_ptr(Cancelled("the pool was terminated")));
  call_attention(board());
  wait_for_service();
}

void PoolEngine::join() {
  if (state() == State::run) {
    throw ValueError("Pool is still running");
  }
  wait_for_service();
}

void PoolEngine::wait_for_service() noexcept {
  if (service_thread_.load() == std::this_thread::get_id()) {
    return;  // a callback asks: it cannot wait for its own end
  }
  std::unique_lock lock(mutex_);
  service_ended_.wait(lock, [this] { return !service_runs_; });
}

void PoolEngine::fail_all(const std::exception_ptr& error) noexcept {
  Orders live;
  {
    const std::scoped_lock lock(mutex_);
    live = live_;
  }
  for (const auto& order : live) {
    if (order->complete()) {
      order->on_complete();
    } else {
      order->fail(error);
      order->withdraw();  // later, or it would look complete
    }
  }
  wake_waiters();
}

void PoolEngine::set_exit_call(const Job& job) {
  ScratchBuffer buffer;
  Outgoing beside(false);
  OutputArchive archive(*buffer);
  job.save(archive);
  const Offset message = Message::prepare(buffer->size(), beside.refs());
  Message::write(message, buffer->bytes().data());
  adopt_message(board(), message);
  if (board().exit_call.exchange(message) != 0) {
    count_parts(1);  // a worker may be reading the former one: it goes with the board
  }
}

}  // namespace multiprocess::detail
