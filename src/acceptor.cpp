// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/acceptor.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t listening_tag = 1;
constexpr std::uint64_t hall_tag = 2;
constexpr std::uint64_t bell_tag = 3;
static_assert(bell_tag < Guests::first_tag);
constexpr std::size_t most_events = 64;  // of one look

bool is_short_of_handles(const std::system_error& error) {
  return error.code() == std::errc::too_many_files_open ||
         error.code() == std::errc::too_many_files_open_in_system;
}

/// A fork of another thread may have copied the other end: its end alone shows too late.
os::Handle always_readable() {
  os::Pipe pipe = os::make_pipe();
  os::write_all(pipe.write.get(), std::array<std::byte, 1>{});
  return std::move(pipe.read);
}

}  // namespace

Acceptor::Acceptor(os::NativeHandle listening, Rules rules, std::shared_ptr<const Hall> hall)
    : listening_(listening),
      hall_(std::move(hall)),
      is_local_(os::is_local_stream(listening)),
      guests_(poller_, std::move(rules), hall_.get(), is_local_),
      bell_(always_readable()),
      end_(always_readable()) {
  poller_.add(listening_, listening_tag);
  if (hall_ != nullptr) {
    poller_.add(hall_->handle(), hall_tag);
  }
}

os::Deadline Acceptor::next_deadline() const noexcept {
  const os::Deadline first = guests_.next_deadline();
  if (paused_until_ != os::at_once) {
    return std::min(first, paused_until_);
  }
  const bool waits_for_room = !listens_ && is_full() && guests_.want_more();
  return waits_for_room ? std::min(first, guests_.end_of_grace()) : first;
}

void Acceptor::pause(os::Deadline until) noexcept try {
  listen(false);
  paused_until_ = until;
} catch (const std::system_error& error) {  // then it is tried again at once
  log(SUBDEBUG, error.what());
}

void Acceptor::step(os::Deadline deadline) {
  guests_.let_in();
  look_out();  // one who was awaited may have had his time
  std::array<os::Poller::Event, most_events> space;
  const bool waits = !guests_.has_admitted();
  const os::Deadline until = waits ? std::min(deadline, next_deadline()) : os::at_once;
  const bool expects_a_word = pending() != 0 && until != os::at_once;
  const auto events =
      expects_a_word ? wait_soon(poller_, space, until) : poller_.wait(space, until);
  const std::size_t before = pending();
  std::array<bool, Guests::first_tag> arrived{};
  for (const auto& event : events) {
    if (event.tag < Guests::first_tag) {
      arrived[event.tag] = true;
    } else {
      guests_.look_after(event.tag);
    }
  }
  has_seen_all_ = events.size() < space.size();
  if (has_seen_all_) {
    guests_.expire();
  }
  lacks_handles_ = lacks_handles_ && pending() == before;
  if (arrived[hall_tag] || arrived[listening_tag]) {
    const bool from_hall = arrived[hall_tag] && (hall_is_next_ || !arrived[listening_tag]);
    hall_is_next_ = !from_hall;  // many at one door keep nobody waiting at the other
    let_one_come(from_hall);
  }
  look_out();
}

/// Whether anybody may come.
void Acceptor::look_out() {
  if (paused_until_ > Clock::now()) {
    return;
  }
  paused_until_ = os::at_once;
  const bool looks = guests_.want_more() &&
                     (!is_full() || (has_seen_all_ && guests_.end_of_grace() <= Clock::now()));
  if (looks || !guests_.has_admitted()) {
    listen(looks);
  }
}

std::span<os::Poller::Event> wait_soon(os::Poller& poller, std::span<os::Poller::Event> space,
                                       os::Deadline deadline) {
  for (Spin spin; spin.again();) {
    if (const auto events = poller.wait(space, os::at_once); !events.empty()) {
      return events;
    }
  }
  return poller.wait(space, deadline);
}

void Acceptor::interrupt() noexcept try {
  poller_.add(end_.get(), bell_tag);
} catch (const std::system_error& error) {  // then the next one who comes ends the wait
  log(SUBDEBUG, error.what());
}

void Acceptor::abandon() noexcept {
  hall_.reset();
  poller_.close();
  bell_.reset();
  end_.reset();
}

void Acceptor::rest() noexcept {
  const bool rings = guests_.has_news();
  try {
    listen(true);  // who waits for the handle does not know of the deadlines
    if (rings && !rings_) {
      poller_.add(bell_.get(), bell_tag);
    }
  } catch (const std::system_error& error) {  // who comes next makes it readable
    log(SUBDEBUG, error.what());
    return;
  }
  if (!rings && rings_) {
    poller_.remove(bell_.get());
  }
  rings_ = rings;
}

/// One at a time: those who are there already are looked at in between.
void Acceptor::let_one_come(bool from_hall) {
  if (!guests_.want_more() || (is_full() && !make_room())) {
    return;
  }
  try {
    if (!from_hall || !guests_.fetch()) {
      accept_one();
    }
  } catch (const std::system_error& error) {
    if (!is_short_of_handles(error) || pending() == 0) {
      throw;
    }
    lacks_handles_ = !make_room();
  }
}

void Acceptor::accept_one() {
  std::optional<os::Accepted> arrived;
  GuestHandle handle([&] {
    arrived = os::accept_now(listening_);
    return arrived ? std::move(arrived->socket) : os::Handle();
  });
  if (!arrived) {
    return;
  }
  lacks_handles_ = false;
  if (is_local_ && !os::is_of_our_user(handle.get())) {
    guests_.refuse("the process at the other end belongs to another user");
  } else {
    guests_.begin(std::move(handle), std::move(arrived->peer));
  }
}

/// So many that one more comes only when one has gone.
bool Acceptor::is_full() const noexcept {
  return pending() >= most_pending || (lacks_handles_ && pending() != 0);
}

/// False when all have to be given more time.
bool Acceptor::make_room() {
  if (!has_seen_all_ || guests_.end_of_grace() > Clock::now()) {
    return false;
  }
  guests_.give_up_first();
  lacks_handles_ = false;
  return true;
}

void Acceptor::listen(bool listens) {
  if (std::exchange(listens_, listens) != listens) {
    const auto interest = listens ? os::Poller::Interest::read : os::Poller::Interest::nothing;
    poller_.change(listening_, listening_tag, interest);
    if (hall_ != nullptr) {
      poller_.change(hall_->handle(), hall_tag, interest);
    }
  }
}

}  // namespace multiprocess::detail
