// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/barrier.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/meeting.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess {

using detail::Meeting;

detail::SharedRef Barrier::create(std::ptrdiff_t parties, Timeout timeout,
                                  detail::BarrierAction action) {
  if (parties < 1 || parties > std::ptrdiff_t{detail::Stage::most}) {
    throw ValueError(
        fmt::format("a barrier has 1 to {} parties, not {}", detail::Stage::most, parties));
  }
  const bool acts = static_cast<bool>(action);
  const detail::Offset message = action.pack();
  detail::SharedRef ref = Meeting::create(static_cast<std::uint32_t>(parties),
                                          timeout.duration().count(), acts, message);
  action.keep(*ref.control());
  return ref;
}

void Barrier::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::barrier);
}

int Barrier::wait(Timeout timeout) const {
  const Meeting meeting(ref_);
  const detail::MeetingState& state = meeting.state();
  if (timeout.is_forever()) {
    timeout = std::chrono::nanoseconds(state.timeout);
  }
  const detail::os::Deadline deadline = timeout.deadline();
  const auto arrival = meeting.arrive(deadline);
  if (!arrival) {
    throw BrokenBarrierError();
  }
  if (arrival->acts) {
    try {
      detail::BarrierAction::run(*ref_.control(), state.action.load());
    } catch (...) {
      meeting.break_phase(arrival->phase);
      throw;
    }
    if (!meeting.pass(*arrival)) {
      throw BrokenBarrierError();
    }
  } else if (arrival->index + 1 != state.parties && !meeting.wait(*arrival, deadline)) {
    throw BrokenBarrierError();
  }
  return static_cast<int>(arrival->index);
}

void Barrier::reset() const {
  Meeting(ref_).reset();
}

void Barrier::abort() const {
  Meeting(ref_).abort();
}

int Barrier::parties() const {
  return static_cast<int>(Meeting(ref_).state().parties);
}

int Barrier::n_waiting() const {
  return static_cast<int>(Meeting(ref_).stage().count);
}

bool Barrier::broken() const {
  return Meeting(ref_).stage().broken;
}

std::string mp_repr(const Barrier& barrier) {
  const Meeting meeting(barrier.ref_);
  const detail::Stage stage = meeting.stage();
  const std::string how =
      stage.broken ? "broken" : fmt::format("waiters={}/{}", stage.count, meeting.state().parties);
  return fmt::format("<multiprocess.synchronize.Barrier at {:#x}: {}>", barrier.ref_.offset(), how);
}

}  // namespace multiprocess
