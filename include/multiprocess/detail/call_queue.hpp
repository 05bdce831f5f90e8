// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/referent.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace multiprocess::detail {

/// So many nanoseconds from now on; never when it is negative.
os::Deadline deadline_after(std::int64_t time);
/// A timeout of a call.
os::Deadline read_deadline(CallReader& from);

/// Answers with a truth, which most calls that wait are told.
inline void answer(ServedCall& call, bool truth) noexcept {
  call.answer().put(truth ? 1 : 0);
  call.finish();
}

/// Calls that wait for something in one object, first come first served; with each a note of the
/// object's.
template <class Note>
class CallQueue {
 public:
  struct Waiting {
    ServedCall call;
    Note note;
    std::optional<ManagerServer::Timer> timer;
  };

  bool empty() const noexcept { return calls_->empty(); }
  std::size_t size() const noexcept { return calls_->size(); }

  /// Moves the call away; `late(Waiting)` gets it back when its time is up.
  template <class Late>
  void add(ServedCall& call, os::Deadline deadline, Note note, Late late) {
    ManagerServer& server = call.server();
    calls_->push_back({std::move(call), std::move(note), std::nullopt});
    if (deadline != os::never) {
      const auto place = std::prev(calls_->end());
      // The queue's end ends the timer: it is the object's, which goes when nobody has it.
      place->timer = server.call_at(deadline, [calls = std::weak_ptr(calls_), place, late] {
        if (const std::shared_ptr<List> still = calls.lock()) {
          Waiting its = std::move(*place);
          still->erase(place);
          late(std::move(its));
        }
      });
    }
  }

  /// The one that waits longest. Those are dropped whose clients have been killed meanwhile: what
  /// they were given would be lost for a while, or for ever.
  std::optional<Waiting> take() {
    return take([](const Waiting&) {});
  }

  /// The same; `dropped(Waiting&)` is called with each that is dropped.
  template <class Dropped>
  std::optional<Waiting> take(Dropped dropped) {
    while (!calls_->empty()) {
      Waiting first = take_out(calls_->begin());
      if (!first.call.session()->looks_dead()) {
        return first;
      }
      dropped(first);
    }
    return std::nullopt;
  }

  /// Those of a client; that is one at most.
  std::optional<Waiting> take_of(const Session& session) {
    for (auto each = calls_->begin(); each != calls_->end(); ++each) {
      if (each->call.session().get() == &session) {
        return take_out(each);
      }
    }
    return std::nullopt;
  }

 private:
  using List = std::list<Waiting>;

  Waiting take_out(typename List::iterator place) {
    Waiting its = std::move(*place);
    calls_->erase(place);
    if (its.timer) {
      its.call.server().cancel(*its.timer);
    }
    return its;
  }

  std::shared_ptr<List> calls_ = std::make_shared<List>();
};

}  // namespace multiprocess::detail
