// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/event_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>

#include <fmt/format.h>

#include <memory>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_event(ServedCall&) {
  return std::make_shared<EventReferent>();
}

void EventReferent::serve(ServedCall& call) {
  switch (call.method<EventMethod>()) {
    case EventMethod::set:
      return set();
    case EventMethod::clear:
      is_set_ = false;
      return;
    case EventMethod::is_set:
      return call.answer().put(is_set_ ? 1 : 0);
    case EventMethod::wait:
      return wait(call);
    case EventMethod::show:
      return call.answer().put_text(
          fmt::format("<Event at {:#x} {}>", call.object(), is_set_ ? "set" : "unset"));
  }
  throw_no_such_method();
}

void EventReferent::set() {
  is_set_ = true;
  while (auto next = waiting_.take()) {
    answer(next->call, true);
  }
}

void EventReferent::wait(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  if (is_set_ || deadline == os::at_once) {
    return answer(call, is_set_);
  }
  watch(call.session());
  waiting_.add(call, deadline, Nothing{}, [](auto late) { answer(late.call, false); });
}

}  // namespace multiprocess::detail
