// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/order.hpp>

#include <multiprocess/detail/batch_block.hpp>
#include <multiprocess/detail/batch_results.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/pool_engine.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace multiprocess::detail {

Order::Order(std::shared_ptr<PoolEngine> engine, const OrderTerms& terms)
    : engine_(std::move(engine)), terms_(terms), number_(engine_->next_number()) {
  terms_.chunk = std::max<std::uint64_t>(1, std::min(terms_.chunk, terms_.items));
  terms_.flags |= engine_->seeds() ? Batch::seeded : 0U;
  const MadeBatch made =
      make_batch(engine_->board(), {.number = number_,
                                    .call = terms_.call != 0 ? terms_.call : number_,
                                    .base = terms_.base,
                                    .items = terms_.items,
                                    .chunk = terms_.chunk,
                                    .flags = terms_.flags,
                                    .in_size = terms_.in_size,
                                    .out_size = terms_.out_size,
                                    .code_size = terms_.code_size,
                                    .has_messages = terms_.has_messages,
                                    .is_traced = engine_->traces()});
  root_ = made.place;
  add_size(made.size);
  engine_->count_parts(1);
}

Order::~Order() {
  if (engine_->is_at_home()) {
    release(nullptr);
  }
}

void Order::set_code(std::shared_ptr<const SharedCode> code) noexcept {
  code_ = std::move(code);
  batch().code = code_->message();
  if (code_.use_count() == 1) {
    add_size(block_size(batch().code));
  }
}

void Order::set_message(std::uint64_t chunk, Offset message) noexcept {
  adopt_message(engine_->board(), message);
  engine_->count_parts(1);
  at<Offset>(batch().messages)[chunk] = message;
  add_size(block_size(message));
}

void Order::expect() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!released_) {
    step::store(batch().waited, 1, std::memory_order_seq_cst);
  }
}

void Order::attend_to() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!released_) {
    step::set_bits(batch().flags, Batch::attended);
  }
}

std::uint64_t Order::done() const noexcept {
  const std::scoped_lock lock(mutex_);
  if (released_) {
    return terms_.items;
  }
  const auto count = [](const Batch& batch) {
    std::uint64_t items = 0;
    for (std::uint64_t i = 0; i < batch.chunks; ++i) {
      const bool done = batch.chunk_states()[i].load() == chunk_state::done;
      items += done ? batch.end_of(i) - batch.begin_of(i) : 0;
    }
    return items;
  };
  std::uint64_t items = count(batch());
  for (const Rest& rest : rests()) {
    const Batch& part = *at<Batch>(rest.batch);
    items -= part.last - part.first - count(part);
  }
  return items;
}

std::exception_ptr Order::first_error() {
  EarliestError first = earliest_error(batch(), terms_.items);
  if (!any_lost_.load(std::memory_order_acquire)) {
    return first.error;
  }
  const std::scoped_lock lock(mutex_);
  for (const auto& [item, lost] : damage_->lost) {
    if (lost.moment < first.moment) {
      first = {lost.error, lost.moment};
    }
  }
  return first.error;
}

std::exception_ptr Order::error_of(std::uint64_t item) {
  if (any_lost_.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(mutex_);
    if (const auto lost = damage_->lost.find(item); lost != damage_->lost.end()) {
      return lost->second.error;
    }
  }
  return error_in(batch().word(batch().word_of(item)).load(std::memory_order_acquire));
}

bool Order::has_come(std::uint64_t item) const noexcept {
  if (batch().word(item).load(std::memory_order_acquire) != 0) {
    return true;
  }
  if (!any_lost_.load(std::memory_order_acquire)) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  return damage_->lost.count(item) != 0;
}

/// Under the lock.
Order::Damage& Order::damage() {
  if (damage_ == nullptr) {
    damage_ = std::make_unique<Damage>();
  }
  return *damage_;
}

void Order::lose(std::uint64_t item, std::exception_ptr error) {
  damage().lost.insert_or_assign(item, LostItem{std::move(error), nanoseconds_now()});
  any_lost_.store(true, std::memory_order_release);  // raw: ours
}

Offset Order::take_message(std::uint64_t item) noexcept {
  auto& word = batch().word(item);
  const Offset message = result::message(word.load(std::memory_order_acquire));
  word.store(result::plain, std::memory_order_relaxed);  // raw: nobody else reads it now
  return message;
}

/// Under the lock: what a worker that ends was writing is dropped under it.
Offset Order::find_value() const noexcept {
  const Offset coming = batch().coming.load(std::memory_order_acquire);
  const std::uint64_t word = batch().word(0).load(std::memory_order_acquire);
  // Tried again, it may be another one at the same place.
  return word == 0 || word == coming ? coming : 0;
}

void Order::withdraw() noexcept {
  withdrawn_.store(true, std::memory_order_release);  // raw: ours
  if (progress_ != nullptr) {
    progress_->stop();
  }
  const std::scoped_lock lock(mutex_);
  if (released_) {
    return;
  }
  const auto withdraw_batch = [this](Offset place) {
    Batch& part = *at<Batch>(place);
    for (std::uint64_t i = 0; i < part.chunks; ++i) {
      std::uint32_t expected = chunk_state::free;
      step::cas(part.chunk_states()[i], expected, chunk_state::done);
    }
    step::store(part.claimed, 1, std::memory_order_relaxed);
    if (survey(part).all_done) {
      detail::complete(engine_->board(), part);
    }
  };
  withdraw_batch(root_);
  for (const Rest& rest : rests()) {
    withdraw_batch(rest.batch);
  }
}

bool Order::owns(Offset place) const noexcept {
  const std::scoped_lock lock(mutex_);
  return !released_ &&
         (place == root_ || std::any_of(rests().begin(), rests().end(),
                                        [&](const Rest& rest) { return rest.batch == place; }));
}

void Order::add_rest(std::uint64_t first, std::uint64_t last) {
  if (first >= last || withdrawn()) {
    return;
  }
  std::vector<Rest>& rests = damage().rests;
  if (rests.size() == rests.capacity()) {
    rests.reserve(2 * rests.size() + 1);
  }
  const Offset place = make_rest(engine_->board(), batch(), first, last);
  engine_->count_parts(1);
  rests.push_back({place});
  open_rests_.fetch_add(1, std::memory_order_seq_cst);  // raw: ours
  call_workers(engine_->board(), engine_->lanes().append(place, terms_.priority));
}

bool Order::may_retry(std::uint64_t item) {
  return !withdrawn() && ++losses_of(item) <= terms_.retries;
}

void Order::recover(Offset place, std::uint32_t worker, const LossError& why) {
  const std::scoped_lock lock(mutex_);
  Board& board = engine_->board();
  const Place& here = board.place(worker);
  Batch& part = *at<Batch>(place);
  std::uint64_t chunk = 0;
  auto* const states = part.chunk_states();
  while (chunk < part.chunks && states[chunk].load() != chunk_state::claimed_by(worker)) {
    ++chunk;
  }
  if (chunk < part.chunks) {
    const std::uint64_t end = part.end_of(chunk);
    std::uint64_t next = part.begin_of(chunk);
    const std::uint64_t item = here.item.load() - 1;
    if (item >= next && item < end) {
      next = item;
      auto& word = part.word(part.word_of(item));
      const Offset message = here.result.load();
      if (word.load() == 0 && message != 0 && is_result(message, board, number_, item)) {
        part.coming.store(0);    // raw: nobody else reads it now
        Message::drop(message);  // on its way, and nobody knows any more what it was
      }
      if (word.load() != 0) {
        const bool failed = (word.load() & (result::error | result::no_memory)) != 0;
        next = failed && part.has(Batch::stops_at_error) ? end : item + 1;
      } else if (std::exception_ptr error = why(item, losses_of(item) + 1); error != nullptr) {
        if (may_retry(item)) {
          engine_->count_retry();
        } else {
          lose(item, std::move(error));
          next = item + 1;
        }
      }
    }
    try {
      add_rest(next, end);
    } catch (const std::bad_alloc&) {
      for (; next < end; ++next) {
        lose(next, std::current_exception());
      }
    }
    step::store(states[chunk], chunk_state::done, std::memory_order_seq_cst);
  }
  if (survey(part).all_done) {
    detail::complete(board, part);
  }
}

bool Order::close_rests() noexcept {
  if (open_rests_.load(std::memory_order_seq_cst) == 0) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  bool any = false;
  for (Rest& rest : rests()) {
    if (!rest.closed && at<Batch>(rest.batch)->complete.load() != 0) {
      any = rest.closed = true;
      open_rests_.fetch_sub(1, std::memory_order_seq_cst);  // raw: ours
    }
  }
  return any;
}

std::uint64_t Order::failures() const {
  const std::uint64_t errors = count_errors(batch(), terms_.items);
  if (!any_lost_.load(std::memory_order_acquire)) {
    return errors;
  }
  const std::scoped_lock lock(mutex_);
  return errors + damage_->lost.size();
}

void Order::show_progress(ShownProgress::Call call) {
  progress_ = std::make_unique<ShownProgress>(
      engine_.get(), std::move(call),
      [this](const std::exception_ptr& error) { engine_->report(error); });
}

void Order::tell_progress() noexcept {
  const std::uint64_t items = done();
  if (owes_progress()) {  // asked last: what is withdrawn meanwhile looks done
    progress_->tell(items, terms_.items);
  }
  engine_->wake_waiters();
}

void Order::account() {
  if (!accounted_.exchange(true)) {  // raw: ours
    engine_->account_for(*this);
  }
}

bool Order::can_free(Offset place, const Lanes::Look* workers) noexcept {
  return workers == nullptr ||
         (at<Batch>(place)->complete.load() != 0 && workers->nobody_comes_to(place));
}

void Order::drop_unread() noexcept {
  const Batch& all = batch();
  drop_results(all, terms_.items);
  for (std::uint64_t i = 0; all.messages != 0 && i < all.chunks; ++i) {
    if (const Offset message = at<Offset>(all.messages)[i]; message != 0) {
      Message::drop(message);
      engine_->count_parts(-1);
    }
  }
}

bool Order::release(const Lanes::Look* workers) noexcept {
  const std::scoped_lock lock(mutex_);
  if (released_) {
    return true;
  }
  const std::span<Rest> parts = rests();
  const bool all_free = std::all_of(
      parts.begin(), parts.end(), [&](const Rest& rest) { return can_free(rest.batch, workers); });
  if (!all_free || !can_free(root_, workers)) {
    return false;
  }
  released_ = true;
  if (lookers_ != 0) {
    released_ = false;
    return false;
  }
  drop_unread();
  for (const Rest& rest : parts) {
    reclaim(rest.batch);
  }
  reclaim(root_);
  engine_->count_parts(-1 - static_cast<int>(parts.size()));
  code_.reset();
  input_.reset();
  return true;
}

}  // namespace multiprocess::detail
