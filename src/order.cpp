// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/order.hpp>

#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/pool_engine.hpp>
#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace multiprocess::detail {

namespace {

/// Areas of a block, one behind the other.
class Areas {
 public:
  explicit Areas(std::size_t begin) : end_(begin) {}

  std::size_t add(std::size_t count, std::size_t size, std::size_t alignment) {
    if (count == 0 || size == 0) {
      return 0;
    }
    if (count > (std::size_t{1} << 46) / size) {
      throw std::bad_alloc();
    }
    const std::size_t begin = (end_ + alignment - 1) & ~(alignment - 1);
    end_ = begin + count * size;
    return begin;
  }
  std::size_t end() const noexcept { return end_; }

 private:
  std::size_t end_;
};

std::size_t alignment_of(std::size_t item_size) noexcept {
  return item_size % 16 == 0 ? 64 : 8;
}

/// Whether the block is the result that its word would say.
bool is_result(Offset block, const Board& board, std::uint64_t number, std::uint64_t item) {
  return (owner_of_former(block) & ~owner::message_flag) == owner_of_result(board, number, item);
}

}  // namespace

SharedCode::SharedCode(std::shared_ptr<PoolEngine> engine, Offset message) noexcept
    : engine_(std::move(engine)), message_(message) {
  adopt_message(engine_->board(), message_);
  engine_->count_parts(1);
}

SharedCode::~SharedCode() {
  Message::drop(message_);
  engine_->count_parts(-1);
}

Order::Order(std::shared_ptr<PoolEngine> engine, const OrderTerms& terms)
    : engine_(std::move(engine)), terms_(terms), number_(engine_->next_number()) {
  terms_.chunk = std::max<std::uint64_t>(1, std::min(terms_.chunk, terms_.items));
  terms_.flags |= engine_->seeds() ? Batch::seeded : 0U;
  make_areas();
}

Order::~Order() {
  release(false);
}

void Order::make_areas() {
  const std::uint64_t items = terms_.items;
  const std::uint64_t chunks = (items + terms_.chunk - 1) / terms_.chunk;
  Areas areas(sizeof(Batch));
  const std::size_t states = areas.add(chunks, sizeof(std::uint32_t), 8);
  const std::uint64_t words = (terms_.flags & Batch::word_each) != 0 ? items : chunks;
  const std::size_t word_area = areas.add(words, sizeof(std::uint64_t), 8);
  const std::size_t messages = areas.add(terms_.has_messages ? chunks : 0, sizeof(Offset), 8);
  const std::size_t trace = areas.add(engine_->traces() ? chunks : 0, sizeof(TracedChunk), 8);
  const std::size_t cleared = areas.end();
  const std::size_t in = areas.add(items, terms_.in_size, alignment_of(terms_.in_size));
  const std::size_t out = areas.add(items, terms_.out_size, alignment_of(terms_.out_size));
  size_ = areas.end();
  root_ = allocate_part(engine_->board(), size_);
  engine_->count_parts(1);
  std::memset(at<std::byte>(root_), 0, cleared);
  Batch& batch = *new (at<Batch>(root_)) Batch{};
  const auto place = [this](std::size_t area) { return area == 0 ? 0 : root_ + area; };
  batch.number = number_;
  batch.last = items;
  batch.chunk = batch.whole_chunk = terms_.chunk;
  batch.chunks = chunks;
  batch.states = place(states);
  batch.plain_in = place(in);
  batch.messages = place(messages);
  batch.plain_out = place(out);
  batch.words = place(word_area);
  batch.trace = place(trace);
  batch.flags.store(terms_.flags, std::memory_order_relaxed);
}

void Order::set_code(std::shared_ptr<const SharedCode> code) noexcept {
  code_ = std::move(code);
  batch().code = code_->message();
}

void Order::set_message(std::uint64_t chunk, Offset message) noexcept {
  adopt_message(engine_->board(), message);
  engine_->count_parts(1);
  at<Offset>(batch().messages)[chunk] = message;
}

void Order::use_input(Offset items, std::shared_ptr<const void> kept) noexcept {
  batch().plain_in = items;
  input_ = std::move(kept);
}

void Order::expect() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!released_) {
    batch().waited.store(1, std::memory_order_seq_cst);
  }
}

void Order::attend_to() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!released_) {
    batch().flags.fetch_or(Batch::attended, std::memory_order_seq_cst);
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
  for (const Rest& rest : rests_) {
    const Batch& part = *at<Batch>(rest.batch);
    items -= part.last - part.first - count(part);
  }
  return items;
}

std::exception_ptr Order::read_error(std::uint64_t word, std::uint64_t* moment,
                                     std::uint64_t* item) {
  if (word == result::no_memory) {
    return std::make_exception_ptr(std::bad_alloc());
  }
  try {
    InputArchive archive(Message::bytes_of(result::message(word)));
    *moment = archive.get<std::uint64_t>();
    *item = archive.get<std::uint64_t>();
    rethrow(read_value<RemoteException>(archive));
  } catch (...) {
    return std::current_exception();
  }
}

std::exception_ptr Order::first_error() {
  const std::scoped_lock lock(mutex_);
  std::exception_ptr first;
  std::uint64_t earliest = ~std::uint64_t{0};
  for (const auto& [item, lost] : lost_) {
    if (lost.moment < earliest) {
      earliest = lost.moment;
      first = lost.error;
    }
  }
  const Batch& all = batch();
  const std::uint64_t words = all.has(Batch::word_each) ? terms_.items : all.chunks;
  std::uint64_t first_word = 0;
  for (std::uint64_t i = 0; i < words; ++i) {
    const std::uint64_t word = all.word(i).load(std::memory_order_acquire);
    if (word == result::no_memory) {
      return std::make_exception_ptr(std::bad_alloc());
    }
    if ((word & result::error) != 0) {
      InputArchive archive(Message::bytes_of(result::message(word)));
      if (const auto moment = archive.get<std::uint64_t>(); moment < earliest) {
        earliest = moment;
        first_word = word;
      }
    }
  }
  std::uint64_t moment = 0;
  std::uint64_t item = 0;
  return first_word == 0 ? first : read_error(first_word, &moment, &item);
}

std::exception_ptr Order::error_of(std::uint64_t item) {
  const std::scoped_lock lock(mutex_);
  if (const auto lost = lost_.find(item); lost != lost_.end()) {
    return lost->second.error;
  }
  const std::uint64_t word = batch().word(batch().word_of(item)).load(std::memory_order_acquire);
  std::uint64_t moment = 0;
  std::uint64_t whose = 0;
  return (word & (result::error | result::no_memory)) == 0 ? nullptr
                                                           : read_error(word, &moment, &whose);
}

bool Order::has_come(std::uint64_t item) const noexcept {
  if (batch().word(item).load(std::memory_order_acquire) != 0) {
    return true;
  }
  if (!any_lost_.load(std::memory_order_acquire)) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  return lost_.count(item) != 0;
}

/// Under the lock.
void Order::lose(std::uint64_t item, std::exception_ptr error) {
  lost_.insert_or_assign(item, LostItem{std::move(error), nanoseconds_now()});
  any_lost_.store(true, std::memory_order_release);
}

Offset Order::take_message(std::uint64_t item) noexcept {
  auto& word = batch().word(item);
  const Offset message = result::message(word.load(std::memory_order_acquire));
  word.store(result::plain, std::memory_order_relaxed);
  return message;
}

void Order::withdraw() noexcept {
  withdrawn_.store(true, std::memory_order_release);
  const std::scoped_lock lock(mutex_);
  if (released_) {
    return;
  }
  const auto withdraw_batch = [this](Offset place) {
    Batch& part = *at<Batch>(place);
    for (std::uint64_t i = 0; i < part.chunks; ++i) {
      std::uint32_t expected = chunk_state::free;
      part.chunk_states()[i].compare_exchange_strong(expected, chunk_state::done);
    }
    part.claimed.store(1, std::memory_order_relaxed);
    if (survey(part).all_done) {
      detail::complete(engine_->board(), part);
    }
  };
  withdraw_batch(root_);
  for (const Rest& rest : rests_) {
    withdraw_batch(rest.batch);
  }
}

bool Order::owns(Offset place) const noexcept {
  const std::scoped_lock lock(mutex_);
  return !released_ &&
         (place == root_ || std::any_of(rests_.begin(), rests_.end(),
                                        [&](const Rest& rest) { return rest.batch == place; }));
}

void Order::add_rest(std::uint64_t first, std::uint64_t last) {
  if (first >= last || withdrawn()) {
    return;
  }
  const std::size_t size = sizeof(Batch) + sizeof(std::uint64_t);
  const Offset place = allocate_part(engine_->board(), size);
  engine_->count_parts(1);
  std::memset(at<std::byte>(place), 0, size);
  Batch& rest = *new (at<Batch>(place)) Batch{};
  const Batch& whole = batch();
  rest.number = number_;
  rest.first = first;
  rest.last = last;
  rest.chunk = last - first;
  rest.chunks = 1;
  rest.states = place + sizeof(Batch);
  rest.whole_chunk = whole.whole_chunk;
  rest.code = whole.code;
  rest.plain_in = whole.plain_in;
  rest.messages = whole.messages;
  rest.plain_out = whole.plain_out;
  rest.words = whole.words;
  rest.flags = whole.flags.load() | Batch::attended;
  rest.waited = 1;
  rests_.push_back({place});
  open_rests_.fetch_add(1, std::memory_order_seq_cst);
  engine_->append(place, terms_.priority);
}

bool Order::may_retry(std::uint64_t item) {
  if (terms_.retries == 0 || withdrawn()) {
    return false;
  }
  return ++retries_[item] <= terms_.retries;
}

void Order::recover(Offset place, std::uint32_t worker,
                    const std::function<std::exception_ptr(std::uint64_t)>& why) {
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
        Message::drop(message);  // on its way, and nobody knows any more what it was
      }
      if (word.load() != 0) {
        const bool failed = (word.load() & (result::error | result::no_memory)) != 0;
        next = failed && part.has(Batch::stops_at_error) ? end : item + 1;
      } else if (std::exception_ptr error = why(item); error != nullptr) {
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
    states[chunk].store(chunk_state::done, std::memory_order_seq_cst);
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
  for (Rest& rest : rests_) {
    if (!rest.closed && at<Batch>(rest.batch)->complete.load() != 0) {
      any = rest.closed = true;
      open_rests_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }
  return any;
}

std::uint64_t Order::failures() const {
  const std::scoped_lock lock(mutex_);
  const Batch& all = batch();
  const std::uint64_t words = all.has(Batch::word_each) ? terms_.items : all.chunks;
  std::uint64_t failed = lost_.size();
  for (std::uint64_t i = 0; i < words; ++i) {
    failed += (all.word(i).load() & (result::error | result::no_memory)) != 0 ? 1 : 0;
  }
  return failed;
}

void Order::tell_progress() noexcept {
  const std::scoped_lock lock(progress_mutex_);
  try {
    if (progress && !progress_ended_) {
      progress(done(), terms_.items);
    }
  } catch (...) {
    engine_->report(std::current_exception());
  }
}

void Order::end_progress() noexcept {
  tell_progress();
  const std::scoped_lock lock(progress_mutex_);
  progress_ended_ = true;
}

void Order::account() {
  if (!accounted_.exchange(true)) {
    engine_->account_for(*this);
  }
}

void Order::set_verdict(std::uint64_t item, std::exception_ptr error) {
  const std::scoped_lock lock(mutex_);
  lose(item, std::move(error));
}

bool Order::can_free(Offset place, bool workers_left) const noexcept {
  if (!workers_left) {
    return true;
  }
  return at<Batch>(place)->complete.load() != 0 && engine_->has_passed(place) &&
         !is_looked_at(engine_->board(), place);
}

void Order::drop_unread() noexcept {
  const Batch& all = batch();
  const std::uint64_t words = all.has(Batch::word_each) ? terms_.items : all.chunks;
  for (std::uint64_t i = 0; i < words; ++i) {
    if (const Offset message = result::message(all.word(i).load()); message != 0) {
      Message::drop(message);
    }
  }
  for (std::uint64_t i = 0; all.messages != 0 && i < all.chunks; ++i) {
    if (const Offset message = at<Offset>(all.messages)[i]; message != 0) {
      Message::drop(message);
      engine_->count_parts(-1);
    }
  }
}

bool Order::release(bool workers_left) noexcept {
  const std::scoped_lock lock(mutex_);
  if (released_) {
    return true;
  }
  const bool all_free = std::all_of(rests_.begin(), rests_.end(), [&](const Rest& rest) {
    return can_free(rest.batch, workers_left);
  });
  if (!all_free || !can_free(root_, workers_left)) {
    return false;
  }
  drop_unread();
  for (const Rest& rest : rests_) {
    reclaim(rest.batch);
  }
  reclaim(root_);
  engine_->count_parts(-1 - static_cast<int>(rests_.size()));
  code_.reset();
  input_.reset();
  released_ = true;
  return true;
}

}  // namespace multiprocess::detail
