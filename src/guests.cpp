// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/guests.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>

namespace multiprocess::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_failures = 64;  // that nobody has asked for yet

/// What was not read when a stream is closed may take with it what was sent: the answer, here.
void drain(os::NativeHandle stream) noexcept {
  std::array<std::byte, 4 * Handshake::longest_frame> dropped;
  try {
    os::read_now(stream, dropped);
  } catch (const std::system_error& error) {
    log(SUBDEBUG, error.what());
  }
}

}  // namespace

Guests::Guests(os::Poller& poller, AcceptRules rules, const Hall* hall, bool is_local)
    : poller_(poller), rules_(std::move(rules)), hall_(hall), is_local_(is_local) {}

bool Guests::want_more() const noexcept {
  return rules_.key ? !are_shared() || (have_place() && ready_.empty()) : admitted_.empty();
}

void Guests::begin(GuestHandle arrived, os::SocketAddress peer) {
  if (!rules_.key) {
    admitted_.push_back({std::move(arrived), std::nullopt, std::move(peer), std::nullopt});
    return;
  }
  Handshake handshake(Handshake::Role::listener, rules_for(arrived));
  write_some(enter({std::move(arrived), std::move(handshake), std::move(peer), end_of_patience(),
                    Clock::now()}));
}

bool Guests::fetch() {
  auto taken = hall_->take();
  const auto entered = taken ? enter(*std::move(taken)) : pending_.end();
  if (entered != pending_.end()) {
    go_on(entered);
    let_in();
  }
  return taken.has_value();
}

/// The end when it has gone meanwhile, or is done.
Guests::All::iterator Guests::enter(std::pair<GuestHandle, Hall::Guest> taken) try {
  auto& [arrived, guest] = taken;
  Handshake handshake(rules_for(arrived), guest.handshake);
  os::SocketAddress peer = os::peer_address(arrived.get());
  const auto entered = enter(Pending{std::move(arrived), std::move(handshake), std::move(peer),
                                     guest.deadline, guest.heard});
  if (entered->second.handshake.is_over()) {
    settle(entered);
    return pending_.end();
  }
  if (entered->second.handshake.is_answered()) {
    note_told(entered);
  } else if (entered->second.handshake.is_held_back()) {
    entered->second.waits = true;
    ready_.push_back(entered->first);
  }
  return entered;
} catch (const std::exception& error) {
  log(SUBDEBUG, error.what());
  return pending_.end();
}

void Guests::hand_on() noexcept try {
  if (!are_shared()) {
    return;
  }
  leave_all();
  if (std::any_of(pending_.begin(), pending_.end(), [this](const auto& guest) {
        return guest.second.handshake.state() && !is_silent(guest.second);
      })) {
    empty_hall();
    leave_all();
  }
} catch (const std::exception& error) {  // they stay
  log(SUBDEBUG, error.what());
}

/// Those first who are nearest to the end: there may not be room for all.
void Guests::leave_all() {
  std::erase_if(admitted_, [this](const Done& each) {
    return each.state && hall_->leave(each.handle.get(), {*each.state, os::never, {}});
  });
  using enum HandshakeState::Stage;
  for (const auto stage : {answered, held_back, proven, asked}) {
    for (auto next = pending_.begin(); next != pending_.end();) {
      const auto guest = next++;
      const auto& [handle, handshake, peer, deadline, heard, writes, waits] = guest->second;
      const auto state = handshake.state();
      if (state && state->stage == stage && hall_->leave(handle.get(), {*state, deadline, heard})) {
        forget(guest);
      }
    }
  }
}

/// As in a full house, who is silent is given up. The others are here then.
void Guests::empty_hall() {
  while (auto taken = hall_->take()) {
    const auto entered = enter(*std::move(taken));
    if (entered != pending_.end() && is_silent(entered->second)) {
      log(SUBDEBUG, "too many handshakes are under way: a silent one is given up");
      forget(entered);
    }
  }
}

/// For too long, and there is nothing that was not read yet.
bool Guests::is_silent(const Pending& guest) const {
  return guest.handshake.frames() == 0 && guest.heard + rules_.longest_grace <= Clock::now() &&
         !os::wait_readable(guest.handle.get(), os::at_once);
}

/// With one admitted whose turn it is, nobody else is admitted who could be handed on.
bool Guests::must_wait(const Pending& guest) const noexcept {
  return guest.handshake.is_answered() && are_shared() && !admitted_.empty();
}

void Guests::look_after(std::uint64_t tag) {
  const auto guest = pending_.find(tag);
  if (guest != pending_.end() && !must_wait(guest->second)) {
    go_on(guest);
  }
}

Guests::All::iterator Guests::enter(Pending guest) {
  const std::uint64_t tag = ++last_;
  poller_.add(guest.handle.get(), tag);
  return pending_.emplace(tag, std::move(guest)).first;
}

HandshakeRules Guests::rules_for(const GuestHandle& arrived) const {
  HandshakeRules rules{*rules_.key, rules_.strict, rules_.legacy_md5, rules_.places, true};
  if (rules.strict && rules.places.empty()) {
    rules.places.push_back(place_of(os::local_address(arrived.get())));
  }
  return rules;
}

void Guests::go_on(All::iterator guest) {
  Pending& each = guest->second;
  const unsigned frames = each.handshake.frames();
  try {
    read_some(each);
  } catch (const std::exception& error) {
    log(SUBDEBUG, error.what());
    refuse("the other end hung up in the middle of the handshake");
    return forget(guest);
  }
  if (each.handshake.frames() != frames) {
    each.heard = Clock::now();
    last_proof_ = each.handshake.has_failed() ? last_proof_ : each.heard;
    if (each.deadline <= each.heard) {
      each.deadline = end_of_patience();  // it was in time, we were not
    }
  }
  const std::uint64_t tag = guest->first;
  if (each.handshake.is_held_back() && !std::exchange(each.waits, true)) {
    each.deadline = os::never;  // it is we who keep it waiting
    ready_.push_back(tag);
    let_in();
  }
  if (pending_.contains(tag)) {
    write_some(guest);
  }
}

/// Throws when nothing more will come.
void Guests::read_some(Pending& guest) {
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

void Guests::write_some(All::iterator guest) {
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

void Guests::settle(All::iterator guest) {
  poller_.remove(guest->second.handle.get());
  Pending each = std::move(guest->second);
  told_ = told_ == guest->first ? 0 : told_;
  pending_.erase(guest);
  if (each.handshake.has_failed()) {
    drain(each.handle.get());
    refuse(each.handshake.why());
    return;
  }
  auto keys = is_local_ ? std::nullopt : each.handshake.keys();
  admitted_.push_back({std::move(each.handle), std::move(keys), std::move(each.peer),
                       hall_ == nullptr ? std::nullopt : each.handshake.state()});
}

void Guests::refuse(std::string why) {
  log(SUBDEBUG, "a connection was refused: " + why);
  if (failures_.size() < most_failures) {
    failures_.push_back(std::move(why));
  }
}

void Guests::let_in() {
  if (told_ != 0 && told_until_ <= Clock::now()) {
    told_ = 0;
  }
  while (!ready_.empty() && have_place()) {
    const auto guest = pending_.find(ready_.front());
    ready_.pop_front();
    if (guest != pending_.end() && guest->second.handshake.is_held_back()) {
      guest->second.handshake.let_in();
      guest->second.deadline = end_of_patience();
      note_told(guest);
      write_some(guest);
    }
  }
}

void Guests::note_told(All::const_iterator guest) noexcept {
  if (are_shared()) {
    told_ = guest->first;
    told_until_ = Clock::now() + rules_.longest_grace;
  }
}

os::Deadline Guests::end_of_patience() const noexcept {
  const auto now = Clock::now();
  return rules_.patience >= os::never - now ? os::never : now + rules_.patience;
}

void Guests::expire() {
  const auto now = Clock::now();
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto guest = next++;
    if (guest->second.deadline <= now && !must_wait(guest->second)) {
      forget(guest);
      refuse("the other end took too long for the handshake");
    }
  }
}

/// Who has sent least, of these who has been silent for longest.
Guests::All::const_iterator Guests::first_to_go() const noexcept {
  const auto rank = [](const auto& guest) {
    return std::tuple(guest.second.handshake.frames(), guest.second.heard, guest.first);
  };
  return std::min_element(pending_.begin(), pending_.end(),
                          [rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

/// Of that one. Where others prove the key it may be that its turn has not come: a burst of honest
/// clients keeps the machine busy. Without the key nobody can make it look so, or say anything that
/// is taken for a frame and stay.
os::Deadline Guests::end_of_grace() const noexcept {
  const auto first = first_to_go();
  if (first == pending_.end() || first->second.handshake.frames() != 0) {
    return os::never;
  }
  const os::Deadline heard = first->second.heard;
  return std::min(heard + rules_.longest_grace, std::max(heard, last_proof_) + rules_.grace);
}

void Guests::give_up_first() {
  log(SUBDEBUG, "too many handshakes are under way: the oldest one is given up");
  forget(first_to_go());
}

os::Deadline Guests::next_deadline() const noexcept {
  os::Deadline first = told_ == 0 ? os::never : told_until_;
  for (const auto& [tag, guest] : pending_) {
    first = std::min(first, guest.deadline);
  }
  return first;
}

void Guests::forget(All::const_iterator guest) noexcept {
  poller_.remove(guest->second.handle.get());
  told_ = told_ == guest->first ? 0 : told_;
  pending_.erase(guest);
}

std::optional<Admitted> Guests::take_admitted() {
  if (admitted_.empty()) {
    return std::nullopt;
  }
  Done first = std::move(admitted_.front());
  admitted_.pop_front();
  return Admitted{std::move(first.handle), std::move(first.keys), std::move(first.peer)};
}

std::optional<std::string> Guests::take_failure() {
  if (failures_.empty()) {
    return std::nullopt;
  }
  std::string first = std::move(failures_.front());
  failures_.pop_front();
  return first;
}

}  // namespace multiprocess::detail
