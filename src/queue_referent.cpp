// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_referent.hpp>

#include <multiprocess/detail/queue_handle.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace multiprocess::detail {

namespace {

template <class Note>
void send_away(CallQueue<Note>& calls) {
  while (auto next = calls.take()) {
    try {
      throw_shut_down();
    } catch (...) {
      next->call.fail(std::current_exception());
    }
  }
}

}  // namespace

std::shared_ptr<Referent> make_queue(ServedCall& call) {
  const auto maxsize = static_cast<std::ptrdiff_t>(call.arguments().get_signed());
  return std::make_shared<QueueReferent>(queue_capacity(maxsize));
}

void QueueReferent::serve(ServedCall& call) {
  switch (call.method<QueueMethod>()) {
    case QueueMethod::put:
      return put(call);
    case QueueMethod::get:
      return get(call);
    case QueueMethod::size:
      return call.answer().put(items_.size());
    case QueueMethod::full:
      return call.answer().put(items_.size() >= capacity_ ? 1 : 0);
    case QueueMethod::shutdown:
      return shut_down(call.arguments().get() != 0);
    case QueueMethod::task_done:
      return task_done(*call.session());
    case QueueMethod::join:
      return join(call);
    case QueueMethod::lost:
      end_the_dead(call.server());
      return call.answer().put(lost_);
    case QueueMethod::show:
      return call.answer().put_text(show());
  }
  throw_no_such_method();
}

void QueueReferent::put(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  if (is_shut_) {
    throw_shut_down();
  }
  Blob item = call.arguments().get_blob();
  if (items_.size() < capacity_) {
    items_.push_back(std::move(item));
    answer(call, true);
    move_on();
  } else if (deadline == os::at_once) {
    answer(call, false);
  } else {
    watch(call.session());
    putters_.add(call, deadline, std::move(item), [](auto late) { answer(late.call, false); });
  }
}

void QueueReferent::get(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  watch(call.session());
  if (!items_.empty()) {
    hand_over(call);
    move_on();
  } else if (is_shut_) {
    throw_shut_down();
  } else if (deadline == os::at_once) {
    answer(call, false);
  } else {
    getters_.add(call, deadline, Nothing{}, [](auto late) { answer(late.call, false); });
  }
}

void QueueReferent::move_on() {
  while (true) {
    if (!items_.empty() && !getters_.empty()) {
      if (auto getter = getters_.take()) {
        hand_over(getter->call);
      }
    } else if (items_.size() < capacity_ && !putters_.empty()) {
      if (auto putter = putters_.take()) {
        items_.push_back(std::move(putter->note));
        answer(putter->call, true);
      }
    } else {
      return;
    }
  }
}

/// What cannot be sent stays, for others.
void QueueReferent::hand_over(ServedCall& call) {
  const std::uint64_t process = call.session()->process();
  call.answer().put(1);
  call.answer().put_blob(items_.front());
  ++hands_[process];
  ++in_hands_;
  if (call.finish()) {
    items_.pop_front();
  } else {
    take_from(hands_.find(process));
  }
}

void QueueReferent::shut_down(bool immediate) {
  is_shut_ = true;
  if (immediate) {
    items_.clear();
    look_whether_all_done();
  }
  send_away(putters_);
  send_away(getters_);
}

/// In the hand of this process, else of any other; or it was lost.
void QueueReferent::task_done(const Session& session) {
  auto hand = hands_.find(session.process());
  if (hand == hands_.end()) {
    hand = hands_.begin();
  }
  if (hand == hands_.end()) {
    require_counted(lost_ != 0);
    --lost_;
    return;
  }
  take_from(hand);
  look_whether_all_done();
}

void QueueReferent::take_from(Hands::iterator hand) {
  --in_hands_;
  if (--hand->second == 0) {
    hands_.erase(hand);
  }
}

void QueueReferent::join(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  end_the_dead(call.server());
  if (call.session()->is_over()) {
    return;
  }
  const bool all_done = items_.empty() && in_hands_ == 0;
  if (all_done || deadline == os::at_once) {
    return answer(call, all_done);
  }
  watch(call.session());
  joiners_.add(call, deadline, Nothing{}, [](auto late) { answer(late.call, false); });
}

void QueueReferent::look_whether_all_done() {
  while (items_.empty() && in_hands_ == 0) {
    auto next = joiners_.take();
    if (!next) {
      return;
    }
    answer(next->call, true);
  }
}

void QueueReferent::thread_ended(Session& session) {
  putters_.take_of(session);
  getters_.take_of(session);
  joiners_.take_of(session);
}

void QueueReferent::process_ended(std::uint64_t process, bool) {
  if (const auto hand = hands_.find(process); hand != hands_.end()) {
    lost_ += hand->second;
    in_hands_ -= hand->second;
    hands_.erase(hand);
    look_whether_all_done();
  }
}

std::string QueueReferent::show() const {
  return fmt::format("<queue.Queue object at {:#x}>", reinterpret_cast<std::uintptr_t>(this));
}

}  // namespace multiprocess::detail
