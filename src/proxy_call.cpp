// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/proxy_call.hpp>

#include <multiprocess/detail/call_body.hpp>
#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

thread_local constinit bool process_leaves = false;  // while this thread runs its last exit step

void note_place(Offset desk) {
  Self& me = self();
  const std::scoped_lock lock(me.desks_lock);
  me.desks.push_back(desk);
}

/// When the process leaves, there are no others at that desk either.
void forget_place(Offset desk) noexcept {
  Self& me = self();
  const std::scoped_lock lock(me.desks_lock);
  if (process_leaves) {
    std::erase(me.desks, desk);
  } else if (const auto found = std::ranges::find(me.desks, desk); found != me.desks.end()) {
    me.desks.erase(found);
  }
}

/// A desk where this process has a place; empty when there is none.
SharedRef noted_desk() {
  Self& me = self();
  const std::scoped_lock lock(me.desks_lock);
  return me.desks.empty() ? SharedRef() : take_reference(me.desks.back());
}

/// A thread's box, and the desk that it is at.
class DeskPlace {
 public:
  explicit DeskPlace(Desk& desk)
      : desk_(take_reference(offset_of(&desk))), ticket_(self().ticket.word()), box_(nullptr) {
    note_place(desk_.offset());
    try {
      box_ = &take_box(desk);
    } catch (...) {
      forget_place(desk_.offset());
      throw;
    }
  }
  DeskPlace(DeskPlace&& other) noexcept
      : desk_(std::move(other.desk_)),
        ticket_(other.ticket_),
        box_(std::exchange(other.box_, {})) {}
  DeskPlace& operator=(DeskPlace&& other) noexcept {
    std::swap(desk_, other.desk_);
    std::swap(ticket_, other.ticket_);
    std::swap(box_, other.box_);
    return *this;
  }
  /// Tells the server, and does not wait. In a forked child the box is the parent's.
  ~DeskPlace() {
    const Self* const me = self_if_entered();
    if (box_ != nullptr && me != nullptr && me->ticket.word() == ticket_) {
      leave(ManagerMethod::goodbye);
    }
  }

  /// Says a last word for which nobody waits; then the box is the server's to free.
  void leave(ManagerMethod last_word) noexcept {
    Desk& at = desk();
    Box* const box = std::exchange(box_, nullptr);
    forget_place(desk_.offset());
    if (has_ended(at)) {
      free_box(at, *box);
      return clear_after_server(at);
    }
    const std::array words{std::uint64_t{0}, static_cast<std::uint64_t>(last_word),
                           std::uint64_t{1}};
    const std::size_t said = last_word == ManagerMethod::goodbye && process_leaves ? 3 : 2;
    write_letter(box->request, at, std::as_bytes(std::span(words).first(said)), {});
    step::store(box->asked, box->answered.load(std::memory_order_relaxed) + 1);
    push_box(at, *box);
  }

  bool is_at(const Desk& desk) const noexcept { return desk_.address() == &desk; }
  bool is_ours() const { return ticket_ == self().ticket.word(); }
  bool is_void() const { return !is_ours() || has_ended(desk()); }
  Box& box() const noexcept { return *box_; }

 private:
  Desk& desk() const noexcept { return desk_at(desk_); }

  SharedRef desk_;
  std::uint64_t ticket_;
  Box* box_;
};

using DeskPlaces = PerThread<std::vector<DeskPlace>>;

/// Also where only other threads have places, which run to the end of the process.
void leave_all_desks() {
  process_leaves = true;
  if (std::vector<DeskPlace>* const all = DeskPlaces::get()) {
    all->clear();
  }
  while (const SharedRef desk = noted_desk()) {
    const DeskPlace last(desk_at(desk));
  }
  process_leaves = false;
}

/// What a process has at a server when it ends without this was in the hand of a killed one.
constinit LastExitCall goodbye{&leave_all_desks};

/// This thread's box at the desk; the last one that it used is found at once. `all` are its places.
Box& own_box(std::vector<DeskPlace>& all, Desk& desk) {
  const auto found = std::find_if(all.begin(), all.end(), [&desk](const DeskPlace& place) {
    return place.is_at(desk) && place.is_ours();
  });
  if (found != all.end()) [[likely]] {
    std::iter_swap(all.begin(), found);
    return all.front().box();
  }
  std::erase_if(all, [](const DeskPlace& place) { return place.is_void(); });
  all.emplace_back(desk);
  goodbye.arrange();
  std::swap(all.front(), all.back());
  return all.front().box();
}

/// How long a client waits before it asks whether the server is still there. A death is noticed by
/// others as a rule, at once.
constexpr std::chrono::milliseconds patience{300};

Ticket server_of(const Desk& desk) noexcept {
  return Ticket::from(desk.server.load(std::memory_order_acquire));
}

/// Asks, and waits until the answer lies in the box.
void ask(Desk& desk, Box& box, Bytes bytes, std::span<const SharedRef> refs) {
  if (has_ended(desk)) {
    throw_ended_before();
  }
  const std::uint64_t number = box.answered.load(std::memory_order_relaxed) + 1;
  write_letter(box.request, desk, bytes, refs);
  step::store(box.asked, number);
  push_box(desk, box);
  const auto is_answered = [&box, number] {
    return box.answered.load(std::memory_order_acquire) == number;
  };
  wait_until(box.signal, std::chrono::steady_clock::now() + patience,
             [&] { return is_answered() || has_ended(desk); });
  while (!is_answered()) {
    if (has_ended(desk) || check_participant(server_of(desk))) {
      if (is_answered()) {
        break;  // its last word
      }
      empty_box(desk, box);
      throw_ended_meanwhile();
    }
    sleep_until(box.signal, std::chrono::steady_clock::now() + patience,
                [&] { return is_answered() || has_ended(desk); });
  }
}

}  // namespace

void let_go(SharedRef& cell) noexcept {
  if (!cell) {
    return;
  }
  Desk& desk = desk_of(cell);
  if (desk.is_linked()) {
    cell = SharedRef();
    settle_link(desk);  // which finds it only if somebody still has it
  }
}

bool is_same_object(const SharedRef& a, const SharedRef& b) noexcept {
  return a == b || (a && b && cell_of(a).id == cell_of(b).id &&
                    cell_of(a).desk.load() == cell_of(b).desk.load());
}

bool has_ended(const Desk& desk) noexcept {
  if (desk.is_linked()) {
    return false;  // a call will tell
  }
  return desk.state.load(std::memory_order_acquire) == Desk::closed || is_over(server_of(desk));
}

void leave_desk(Desk& desk) noexcept {
  if (std::vector<DeskPlace>* const all = DeskPlaces::get()) {
    std::erase_if(*all, [&desk](const DeskPlace& place) { return place.is_at(desk); });
  }
}

void ask_to_shut_down(Desk& desk) {
  leave_desk(desk);
  DeskPlace(desk).leave(ManagerMethod::shutdown);
}

namespace {
thread_local constinit const ObjectInHand* in_hand = nullptr;  // the innermost
}

ObjectInHand::ObjectInHand(const Desk& desk, std::uint64_t id) noexcept
    : desk_(desk), id_(id), before_(std::exchange(in_hand, this)) {}

ObjectInHand::~ObjectInHand() {
  in_hand = before_;
}

void ObjectInHand::require_free(const Desk& desk, std::uint64_t id) {
  for (const ObjectInHand* each = in_hand; each != nullptr; each = each->before_) {
    if (&each->desk_ == &desk && each->id_ == id) {
      throw RuntimeError(
          "the object is busy with the very call that makes this one: a function that apply runs "
          "uses the object that it is given, not a proxy of it, and a method of an object `this`");
    }
  }
}

Answer::Answer(Box& box) {
  Bytes inside;
  const Offset block = take_letter(box.answer, inside);
  if (block != 0) {
    message_.emplace(block);
    refs_ = message_->references();
    inside = message_->bytes();
  } else {
    std::copy(inside.begin(), inside.end(), inside_.begin());  // the next call overwrites the box
    inside = std::span(inside_).first(inside.size());
  }
  begin(inside);
}

Answer::Answer(LinkAnswer answer)
    : copied_(std::move(answer.bytes)), refs_(std::move(answer.refs)) {
  begin(Bytes(copied_).subspan(answer.begin));
}

void Answer::begin(Bytes bytes) {
  reader_ = CallReader(bytes, refs_);
  switch (reader_.get()) {
    case CallStatus::done:
      return;
    case CallStatus::no_memory:
      throw std::bad_alloc();
    default:
      rethrow(reader_.get_value<RemoteException>());
  }
}

Answer ProxyCall::send() {
  if (desk_.is_linked()) {
    return Answer(ask_over_link(desk_, bytes(), refs()));
  }
  std::vector<DeskPlace>* const all = DeskPlaces::get();
  if (all == nullptr) {  // the thread's own objects are gone: one call, one box
    const DeskPlace place(desk_);
    ask(desk_, place.box(), bytes(), refs());
    return Answer(place.box());
  }
  Box& box = own_box(*all, desk_);
  ask(desk_, box, bytes(), refs());
  return Answer(box);
}

void ProxyCall::send_if_served() {
  try {
    send();
  } catch (const EOFError& error) {
    log(SUBDEBUG, error.what());
  } catch (const std::system_error& error) {
    log(SUBDEBUG, error.what());
  }
}

}  // namespace multiprocess::detail
