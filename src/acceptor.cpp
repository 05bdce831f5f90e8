// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/acceptor.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <array>
#include <system_error>
#include <tuple>
#include <utility>

namespace multiprocess::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t listening_tag = 0;
constexpr std::uint64_t bell_tag = UINT64_MAX;
constexpr std::size_t most_failures = 64;  // that nobody has asked for yet
constexpr std::size_t most_events = 64;    // of one look

os::Deadline after(std::chrono::nanoseconds patience) {
  const auto now = Clock::now();
  return patience >= os::never - now ? os::never : now + patience;
}

/// What was not read when a stream is closed may take with it what was sent: the answer, here.
void drain(os::NativeHandle stream) noexcept {
  std::array<std::byte, 4 * Handshake::longest_frame> dropped;
  try {
    os::read_now(stream, dropped);
  } catch (const std::system_error& error) {
    log(SUBDEBUG, error.what());
  }
}

bool is_short_of_handles(const std::system_error& error) {
  return error.code() == std::errc::too_many_files_open ||
         error.code() == std::errc::too_many_files_open_in_system;
}

}  // namespace

Acceptor::Acceptor(os::NativeHandle listening, Rules rules)
    : listening_(listening),
      is_local_(os::is_local_stream(listening)),
      rules_(std::move(rules)),
      bell_(os::make_pipe().read),
      end_(os::make_pipe().read) {
  poller_.add(listening_, listening_tag);
}

os::Deadline Acceptor::next_deadline() const noexcept {
  os::Deadline first = os::never;
  for (const auto& [tag, guest] : pending_) {
    first = std::min(first, guest.deadline);
  }
  return listens_ ? first : std::min(first, end_of_grace());
}

void Acceptor::step(os::Deadline deadline) {
  std::array<os::Poller::Event, most_events> space;
  bool has_arrived = false;
  const auto events = wait(space, std::min(deadline, next_deadline()));
  for (const auto& event : events) {
    if (event.tag == listening_tag) {
      has_arrived = true;
    } else if (const auto guest = pending_.find(event.tag); guest != pending_.end()) {
      go_on(guest);
    }
  }
  has_seen_all_ = events.size() < space.size();
  if (has_arrived) {
    accept_one();
  }
  expire();
  listen(!is_full() || (has_seen_all_ && end_of_grace() <= Clock::now()));
}

/// In the middle of a handshake the next word comes soon: to be woken for it takes longer.
std::span<os::Poller::Event> Acceptor::wait(std::span<os::Poller::Event> space,
                                            os::Deadline deadline) {
  const bool worth_it = !pending_.empty() && deadline != os::at_once;
  for (Spin spin; worth_it && spin.again();) {
    if (const auto events = poller_.wait(space, os::at_once); !events.empty()) {
      return events;
    }
  }
  return poller_.wait(space, deadline);
}

std::optional<Acceptor::Admitted> Acceptor::take_admitted() {
  if (admitted_.empty()) {
    return std::nullopt;
  }
  Admitted first = std::move(admitted_.front());
  admitted_.pop_front();
  return first;
}

std::optional<std::string> Acceptor::take_failure() {
  if (failures_.empty()) {
    return std::nullopt;
  }
  std::string first = std::move(failures_.front());
  failures_.pop_front();
  return first;
}

void Acceptor::interrupt() noexcept try {
  poller_.add(end_.get(), bell_tag);
} catch (const std::system_error& error) {  // then the next one who comes ends the wait
  log(SUBDEBUG, error.what());
}

void Acceptor::rest() noexcept {
  const bool rings = !admitted_.empty() || !failures_.empty();
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
void Acceptor::accept_one() {
  if (is_full() && !make_room()) {
    return;
  }
  try {
    if (auto arrived = os::accept_now(listening_)) {
      receive(*std::move(arrived));
    }
  } catch (const std::system_error& error) {
    if (!is_short_of_handles(error) || pending_.empty()) {
      throw;
    }
    lacks_handles_ = !make_room();
  }
}

void Acceptor::receive(os::Accepted arrived) {
  if (is_local_ && !os::is_of_our_user(arrived.socket.get())) {
    refuse("the process at the other end belongs to another user");
  } else if (rules_.key) {
    begin(std::move(arrived));
  } else {
    admitted_.push_back({std::move(arrived.socket), std::nullopt, std::move(arrived.peer)});
  }
}

void Acceptor::begin(os::Accepted arrived) {
  const std::uint64_t tag = ++last_;
  Handshake handshake(Handshake::Role::listener, rules_for(arrived.socket));
  poller_.add(arrived.socket.get(), tag);
  const auto guest =
      pending_.emplace(tag, Pending{std::move(arrived.socket), std::move(handshake),
                                    std::move(arrived.peer), after(rules_.patience), Clock::now()});
  write_some(guest.first);
}

HandshakeRules Acceptor::rules_for(const os::Handle& arrived) const {
  HandshakeRules rules{*rules_.key, rules_.strict, rules_.legacy_md5, rules_.places};
  if (rules.strict && rules.places.empty()) {
    rules.places.push_back(place_of(os::local_address(arrived.get())));
  }
  return rules;
}

void Acceptor::go_on(Guests::iterator guest) {
  Pending& each = guest->second;
  const unsigned frames = each.handshake.frames();
  bool hung_up = false;
  try {
    read_some(each);
  } catch (const std::exception& error) {
    hung_up = true;
    log(SUBDEBUG, error.what());
  }
  if (hung_up) {
    refuse("the other end hung up in the middle of the handshake");
    forget(guest);
    return;
  }
  if (each.handshake.frames() != frames) {
    each.heard = Clock::now();
    last_proof_ = each.handshake.has_failed() ? last_proof_ : each.heard;
    if (each.deadline <= each.heard) {
      each.deadline = after(rules_.patience);  // it was in time, we were not
    }
  }
  write_some(guest);
}

/// Throws when nothing more will come.
void Acceptor::read_some(Pending& guest) {
  std::array<std::byte, Handshake::most_wanted> space;
  while (!guest.handshake.is_over()) {
    const auto wanted = std::span(space).first(guest.handshake.wanted());
    const auto got = os::read_now(guest.handle.get(), wanted);
    if (got == 0U) {
      throw std::system_error(std::make_error_code(std::errc::connection_reset), "the end");
    }
    guest.handshake.receive(wanted.first(got.value_or(0)));
    if (got.value_or(0) < wanted.size()) {
      return;  // that was all
    }
  }
}

void Acceptor::write_some(Guests::iterator guest) {
  Pending& each = guest->second;
  try {
    if (!each.handshake.output().empty()) {
      each.handshake.sent(os::write_now(each.handle.get(), each.handshake.output()));
    }
  } catch (const std::system_error& error) {  // nobody reads; whoever hung up is found by reading
    log(SUBDEBUG, error.what());
    each.handshake.sent(each.handshake.output().size());
  }
  const bool writes = !each.handshake.output().empty();
  if (writes != std::exchange(each.writes, writes)) {
    poller_.change(each.handle.get(), guest->first,
                   !writes                    ? os::Poller::Interest::read
                   : each.handshake.is_over() ? os::Poller::Interest::write
                                              : os::Poller::Interest::both);
  }
  if (each.handshake.is_over() && !writes) {
    settle(guest);
  }
}

void Acceptor::settle(Guests::iterator guest) {
  poller_.remove(guest->second.handle.get());
  Pending each = std::move(guest->second);
  pending_.erase(guest);
  if (each.handshake.has_failed()) {
    drain(each.handle.get());
    refuse(each.handshake.why());
    return;
  }
  auto keys = is_local_ ? std::nullopt : each.handshake.keys();
  admitted_.push_back({std::move(each.handle), std::move(keys), std::move(each.peer)});
}

void Acceptor::refuse(std::string why) {
  log(SUBDEBUG, "a connection was refused: " + why);
  if (failures_.size() < most_failures) {
    failures_.push_back(std::move(why));
  }
}

void Acceptor::expire() {
  const auto now = Clock::now();
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto guest = next++;
    if (guest->second.deadline <= now) {
      forget(guest);
      refuse("the other end took too long for the handshake");
    }
  }
}

/// Who has sent least, of these who has been silent for longest.
Acceptor::Guests::const_iterator Acceptor::first_to_go() const noexcept {
  const auto rank = [](const auto& guest) {
    return std::tuple(guest.second.handshake.frames(), guest.second.heard, guest.first);
  };
  return std::min_element(pending_.begin(), pending_.end(),
                          [rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

/// Of that one. Where others prove the key it may be that its turn has not come: a burst of honest
/// clients keeps the machine busy. Without the key nobody can make it look so, or say anything that
/// is taken for a frame and stay.
os::Deadline Acceptor::end_of_grace() const noexcept {
  const auto first = first_to_go();
  if (first == pending_.end() || first->second.handshake.frames() != 0) {
    return os::never;
  }
  const os::Deadline heard = first->second.heard;
  return std::min(heard + rules_.longest_grace, std::max(heard, last_proof_) + rules_.grace);
}

/// Silently, as nothing has failed. False when all have to be given more time.
bool Acceptor::make_room() {
  if (!has_seen_all_ || end_of_grace() > Clock::now()) {
    return false;
  }
  log(SUBDEBUG, "too many handshakes are under way: the oldest one is given up");
  forget(first_to_go());
  return true;
}

void Acceptor::forget(Guests::const_iterator guest) noexcept {
  poller_.remove(guest->second.handle.get());
  pending_.erase(guest);
  lacks_handles_ = false;
}

void Acceptor::listen(bool listens) {
  if (std::exchange(listens_, listens) != listens) {
    poller_.change(listening_, listening_tag,
                   listens ? os::Poller::Interest::read : os::Poller::Interest::nothing);
  }
}

}  // namespace multiprocess::detail
