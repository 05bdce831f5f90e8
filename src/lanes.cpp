// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/lanes.hpp>

#include <multiprocess/detail/heap.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace multiprocess::detail {

Lanes::Lanes(Board& board) : board_(board), creator_(this_participant()) {
  look_.places_.resize(board.places);
  add(0);
}

Offset Lanes::make_dummy() {
  const Offset place = allocate_part(board_, sizeof(Batch));
  std::memset(at<std::byte>(place), 0, sizeof(Batch));
  Batch& dummy = *new (at<Batch>(place)) Batch{};
  dummy.complete.store(1, std::memory_order_relaxed);  // raw: not seen yet
  dummy.claimed.store(1, std::memory_order_relaxed);   // raw: not seen yet
  return place;
}

std::size_t Lanes::add(int priority) {
  const std::size_t lane = sides_.size();
  const Offset first = make_dummy();
  sides_.push_back({priority, first, 0, {first}});
  step::store(board_.lanes[lane].head, first, std::memory_order_seq_cst);
  publish();
  return lane;
}

void Lanes::publish() noexcept {
  std::vector<std::size_t> order(sides_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return sides_[a].priority > sides_[b].priority;
  });
  std::uint64_t word = ~std::uint64_t{0};
  for (auto lane = order.rbegin(); lane != order.rend(); ++lane) {
    word = word << 4 | *lane;
  }
  step::store(board_.order, word, std::memory_order_seq_cst);
}

std::size_t Lanes::find(int priority) {
  const auto distance = [priority](const Side& lane) {
    return std::abs(static_cast<long>(lane.priority) - priority);
  };
  const auto nearest =
      std::min_element(sides_.begin(), sides_.end(),
                       [&](const Side& a, const Side& b) { return distance(a) < distance(b); });
  if (nearest->priority != priority && sides_.size() < Board::most_lanes) {
    return add(priority);
  }
  return static_cast<std::size_t>(nearest - sides_.begin());
}

void Lanes::append_to(std::size_t lane, Offset place) noexcept {
  Side& state = sides_[lane];
  Batch& batch = *at<Batch>(place);
  batch.lane.store(lane, std::memory_order_relaxed);          // raw: not seen yet
  batch.turn.store(++state.turn, std::memory_order_relaxed);  // raw: not seen yet
  step::store(at<Batch>(state.tail)->next, place, std::memory_order_seq_cst);
  state.tail = place;
}

std::uint64_t Lanes::append(Offset place, int priority) {
  const std::uint64_t chunks = at<Batch>(place)->chunks;
  const std::scoped_lock lock(mutex_);
  append_to(find(priority), place);
  return std::min<std::uint64_t>(chunks, board_.places);
}

void Lanes::look_around() noexcept {
  for (std::size_t lane = 0; lane < sides_.size(); ++lane) {
    const Offset first = board_.lanes[lane].head.load(std::memory_order_seq_cst);
    look_.turns_[lane] = at<Batch>(first)->turn.load(std::memory_order_relaxed);
  }
  // Later than that: whoever came to a batch before its lane moved on says so by now.
  for (std::uint32_t i = 0; i < board_.places; ++i) {
    look_.places_[i] = board_.place(i).batch.load(std::memory_order_seq_cst);
  }
}

bool Lanes::Look::nobody_comes_to(Offset place) const noexcept {
  const Batch& batch = *at<Batch>(place);
  return turns_[batch.lane.load(std::memory_order_relaxed)] >
             batch.turn.load(std::memory_order_relaxed) &&
         std::find(places_.begin(), places_.end(), place) == places_.end();
}

const Lanes::Look& Lanes::advance() noexcept {
  const std::scoped_lock lock(mutex_);
  for (std::size_t lane = 0; lane < sides_.size(); ++lane) {
    advance_lane(lane);
  }
  look_around();
  for (Side& lane : sides_) {
    std::erase_if(lane.dummies, [this](Offset dummy) {
      const bool unused = look_.nobody_comes_to(dummy);
      if (unused) {
        reclaim(dummy);
      }
      return unused;
    });
  }
  return look_;
}

void Lanes::advance_lane(std::size_t lane) noexcept {
  auto& head = board_.lanes[lane].head;
  for (Offset first = head.load(); at<Batch>(first)->complete.load() != 0; first = head.load()) {
    const Offset next = at<Batch>(first)->next.load();
    if (next != 0) {
      step::cas(head, first, next);
    } else if (!leave_heavy(lane, first)) {
      break;
    }
  }
}

/// The last batch of a lane cannot be freed, unless there is another one behind it. False when it
/// may as well stay.
bool Lanes::leave_heavy(std::size_t lane, Offset first) noexcept {
  if (!at<Batch>(first)->has(Batch::heavy)) {
    return false;
  }
  try {
    const Offset dummy = make_dummy();
    sides_[lane].dummies.push_back(dummy);
    append_to(lane, dummy);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

Lanes::~Lanes() {
  if (this_participant() != creator_) {
    return;  // a forked child's copy
  }
  for (const Side& lane : sides_) {
    for (const Offset dummy : lane.dummies) {
      reclaim(dummy);
    }
  }
}

bool Lanes::has_open_work() const noexcept {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    for (Offset place = board_.lanes[i].head.load(); place != 0;
         place = at<Batch>(place)->next.load()) {
      if (at<Batch>(place)->claimed.load() == 0) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace multiprocess::detail
