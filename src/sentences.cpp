// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/sentences.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace multiprocess::detail {

namespace {

os::Deadline moment(std::uint64_t nanoseconds) {
  return os::Deadline(std::chrono::nanoseconds(nanoseconds));
}

/// Whether the process holds a lock of the tree. Looks at all of them.
bool holds_a_lock(Ticket process) {
  const auto is_lock = [](std::uint64_t word, const void*) {
    const auto type = static_cast<ObjectType>(owner::type(word));
    return owner::kind(word) == owner::Kind::object &&
           (type == ObjectType::lock || type == ObjectType::rlock || type == ObjectType::sequence);
  };
  const auto locks = find_blocks(is_lock, nullptr);
  return std::any_of(locks.begin(), locks.end(), [process](Offset lock) {
    return ticket_of_owner(at<OwnedLock>(lock)->owner()) == process;
  });
}

}  // namespace

/// Under the lock.
void Sentences::add(const std::shared_ptr<Order>& order, std::uint32_t place, std::uint64_t item,
                    bool out_of_time) {
  const bool known = std::any_of(given_.begin(), given_.end(), [&](const Sentence& given) {
    return given.place == place && given.order == order &&
           (!given.out_of_time || given.item == item);
  });
  if (known) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto grace = order->terms().grace;
  Sentence given{order, place, item, out_of_time, now, now + grace};
  if (order->batch().has(Batch::takes_token)) {
    given.mild_until = now + grace;
    given.end = given.mild_until + grace;
  }
  given_.push_back(std::move(given));
}

void Sentences::condemn(const std::shared_ptr<Order>& order) {
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t place = 0; place < board_.places; ++place) {
    const Place& here = board_.place(place);
    if (order->owns(here.batch.load(std::memory_order_seq_cst))) {
      add(order, place, here.item.load() - 1, false);
    }
  }
}

void Sentences::check_limits(const std::shared_ptr<Order>& order, os::Deadline now) {
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t place = 0; place < board_.places; ++place) {
    const Place& here = board_.place(place);
    const std::uint64_t item = here.item.load(std::memory_order_seq_cst);
    const auto since = moment(here.since.load());
    const bool late = item != 0 && order->owns(here.batch.load(std::memory_order_seq_cst)) &&
                      here.item.load() == item && since + order->terms().time_limit <= now;
    if (late) {
      add(order, place, item - 1, true);
    }
  }
}

os::Deadline Sentences::next_limit(const Order& order, os::Deadline now) const {
  const auto limit = order.terms().time_limit;
  os::Deadline next = now + limit;
  for (std::uint32_t place = 0; place < board_.places; ++place) {
    const Place& here = board_.place(place);
    const auto due = moment(here.since.load()) + limit;
    if (here.item.load() != 0 && order.owns(here.batch.load()) && due > now) {
      next = std::min(next, due);
    }
  }
  return next;
}

/// Who is told that his time is up has no other result, unless he may try again.
void Sentences::ask(Sentence& given, Place& here) {
  if (given.out_of_time && given.order->terms().retries == 0) {
    given.order->set_verdict(given.item, std::make_exception_ptr(TaskTimeout()));
    ++told_;
  }
  request_stop(here, given.order->number(), given.out_of_time ? given.item : here.item.load() - 1);
  given.asked = true;
}

/// False when it has no purpose any more.
bool Sentences::execute(Sentence& given, os::Deadline now) {
  Place& here = board_.place(given.place);
  const bool there = given.order->owns(here.batch.load(std::memory_order_seq_cst)) &&
                     (!given.out_of_time || here.item.load() == given.item + 1);
  const auto ticket = workers_.ticket(given.place);
  if (!there || !ticket) {
    return given.terminated;  // then the end of the worker tells what for
  }
  if (!given.asked && given.order->batch().has(Batch::takes_token)) {
    ask(given, here);
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

std::uint64_t Sentences::execute(os::Deadline now) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(given_, [&](Sentence& given) { return !execute(given, now); });
  return std::exchange(told_, 0);
}

bool Sentences::empty() const {
  const std::scoped_lock lock(mutex_);
  return given_.empty();
}

std::optional<Sentence> Sentences::find(std::uint32_t place) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(given_.begin(), given_.end(), [place](const Sentence& given) {
    return given.place == place && given.terminated;
  });
  return found == given_.end() ? std::nullopt : std::optional(*found);
}

void Sentences::forget(std::uint32_t place) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(given_, [place](const Sentence& given) { return given.place == place; });
}

}  // namespace multiprocess::detail
