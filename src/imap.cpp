// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/imap.hpp>

namespace multiprocess::detail {

namespace {

/// Of encoded items and their results' places: more does not make anything faster.
constexpr std::size_t most_bytes_ahead = std::size_t{32} << 20;

}  // namespace

void Piece::fail(std::exception_ptr error) noexcept {
  const std::scoped_lock lock(failure_mutex_);
  if (failure_ == nullptr) {
    failure_ = std::move(error);
  }
}

std::exception_ptr Piece::failure() const {
  const std::scoped_lock lock(failure_mutex_);
  return failure_;
}

Pieces::Pieces(std::shared_ptr<PoolEngine> engine, bool ordered, std::size_t most_ahead)
    : engine_(std::move(engine)), ordered_(ordered), most_ahead_(most_ahead) {}

Pieces::~Pieces() {
  if (!engine_->is_at_home()) {
    return;  // a forked child's copy
  }
  for (const Entry& entry : pieces_) {
    entry.piece->withdraw();
    entry.piece->set_read();
  }
}

std::size_t Pieces::room() const noexcept {
  const bool enough = ahead_ > most_ahead_ / 2 || (bytes_ > most_bytes_ahead && !pieces_.empty());
  return enough && ahead_ != 0 ? 0 : most_ahead_ - ahead_;
}

void Pieces::add(std::shared_ptr<Piece> piece, std::size_t bytes) {
  ahead_ += piece->terms().items;
  bytes_ += bytes;
  pieces_.push_back({std::move(piece), bytes});
}

bool Pieces::is_there(const Entry& entry, std::uint64_t item) const noexcept {
  return entry.piece->has_come(item) || entry.piece->failure() != nullptr;
}

std::optional<std::uint64_t> Pieces::find_in(const Entry& entry) const noexcept {
  const std::uint64_t items = entry.piece->terms().items;
  const std::uint64_t end = ordered_ ? entry.first_left + 1 : items;
  for (std::uint64_t item = entry.first_left; item < end; ++item) {
    const bool taken = item < entry.taken_later.size() && entry.taken_later[item];
    if (!taken && is_there(entry, item)) {
      return item;
    }
  }
  return std::nullopt;
}

void Pieces::note_taken(Entry& entry, std::uint64_t item) {
  ++taken_;
  --ahead_;
  if (item != entry.first_left) {
    entry.taken_later.resize(entry.piece->terms().items);
    entry.taken_later[item] = true;
    return;
  }
  do {
    ++entry.first_left;
  } while (entry.first_left < entry.taken_later.size() && entry.taken_later[entry.first_left]);
}

void Pieces::drop_taken() noexcept {
  std::erase_if(pieces_, [this](const Entry& entry) {
    const bool over = entry.first_left == entry.piece->terms().items;
    if (over) {
      bytes_ -= entry.bytes;
      entry.piece->account();
      entry.piece->set_read();
      engine_->was_read(*entry.piece);
    }
    return over;
  });
}

std::optional<Pieces::Found> Pieces::find() {
  drop_taken();  // what was found the last time has been read by now
  for (Entry& entry : pieces_) {
    if (const auto item = find_in(entry)) {
      Found found{entry.piece, *item};
      note_taken(entry, *item);
      return found;
    }
    if (ordered_) {
      break;
    }
  }
  return std::nullopt;
}

bool Pieces::any_there() const noexcept {
  for (const Entry& entry : pieces_) {
    if (find_in(entry)) {
      return true;
    }
    if (ordered_) {
      return false;
    }
  }
  return false;
}

void Pieces::wait(os::Deadline deadline) {
  const auto expect = [this] {
    for (const Entry& entry : pieces_) {
      entry.piece->expect();
    }
  };
  if (!engine_->wait(deadline, expect, [this] { return any_there(); })) {
    throw TimeoutError();
  }
}

}  // namespace multiprocess::detail
