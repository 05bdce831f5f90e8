// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_server.hpp>

#include <multiprocess/detail/call_body.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/tree_session.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <exception>
#include <utility>

namespace multiprocess::detail {

namespace {

/// Who counts an end marks it a moment later, and may be killed in between.
constexpr std::chrono::milliseconds second_look{20};

std::uint64_t ends_counted() {
  return census().ends.load(std::memory_order_acquire);
}

constexpr bool is_last_word(ManagerMethod method) noexcept {
  return method == ManagerMethod::goodbye || method == ManagerMethod::shutdown;
}

RuntimeError gone() {
  return RuntimeError("the manager has no such object any more");
}

constexpr std::uint64_t id_of(std::uint32_t place, std::uint64_t generation) noexcept {
  return generation << 32 | place;
}

}  // namespace

ManagerServer::ManagerServer(SharedRef desk, std::shared_ptr<Referent> itself)
    : desk_(std::move(desk)),
      ends_seen_(ends_counted()),
      self_(std::move(itself)),
      places_(1),  // 0 is the server itself
      posted_(std::make_shared<PostBox>([desk = desk_] { desk_at(desk).bell.wake(1); })) {
  expect_our_end();
  Desk& shared = this->desk();
  step::store(shared.server, self().ticket.word());
  step::store(shared.state, Desk::open, std::memory_order_seq_cst);
  shared.changed.wake(INT_MAX);
}

ManagerServer::~ManagerServer() {
  step::store(desk().state, Desk::closed, std::memory_order_seq_cst);
  posted_->close();
  for (const auto& [box, session] : sessions_) {
    session->over_ = true;
    box->signal.wake(INT_MAX);
  }
  desk().changed.wake(INT_MAX);
}

void ManagerServer::run() {
  std::unique_lock lock(loop_);
  while (!stopping_) {
    sleeps_until_ = timers_.next();
    lock.unlock();
    wait_until(desk().bell, sleeps_until_, [this] { return has_news(); });
    lock.lock();
    work();
  }
}

bool ManagerServer::has_news() const noexcept {
  const Desk& shared = desk();
  return shared.asking.load(std::memory_order_seq_cst) != 0 ||
         shared.dropped.load(std::memory_order_seq_cst) != 0 || posted_->has_any() ||
         ends_counted() != ends_seen_;
}

void ManagerServer::work() {
  serve_asking();
  drop_objects();
  posted_->run_all();
  timers_.run_due();
  if (const std::uint64_t ends = ends_counted(); ends != ends_seen_) {
    ends_seen_ = ends;
    end_dead_sessions();
    call_at(std::chrono::steady_clock::now() + second_look, [this] { end_dead_sessions(); });
  }
}

bool ManagerServer::serve_asking() {
  Offset next = take_asking(desk());
  if (next == 0) {
    return false;
  }
  asking_.clear();
  while (next != 0) {  // all of them first: who is answered may ask again
    Box& box = *at<Box>(next);
    asking_.push_back(&box);
    next = box.next.load(std::memory_order_acquire);
  }
  while (!asking_.empty()) {
    Box& box = *asking_.back();
    asking_.pop_back();
    serve_box(box);
  }
  return true;
}

void ManagerServer::serve_box(Box& box) {
  std::shared_ptr<Session>& session = sessions_[&box];
  if (session == nullptr) {
    session = std::make_shared<TreeSession>(next_session(), desk(), box);
  }
  ServedCall call = make_call(session, box.asked.load(std::memory_order_acquire));
  try {
    call.body_->read(box.request);
  } catch (...) {
    return call.fail(std::current_exception());
  }
  if (call.object() == 0 && is_last_word(call.method<ManagerMethod>())) {
    stopping_ = stopping_ || call.method<ManagerMethod>() == ManagerMethod::shutdown;
    hear_goodbye(box);
    end_session(*session);
    sessions_.erase(&box);
    free_box(desk(), box);
  } else {
    serve(std::move(call));
  }
}

void ManagerServer::hear_goodbyes() {
  for (Box* const box : asking_) {
    hear_goodbye(*box);
  }
  // Only this loop takes boxes away from there.
  for (Offset next = desk().asking.load(std::memory_order_acquire); next != 0;) {
    Box& box = *at<Box>(next);
    hear_goodbye(box);
    next = box.next.load(std::memory_order_acquire);
  }
}

/// The threads of a process that leaves say nothing themselves: they end with it.
void ManagerServer::hear_goodbye(Box& box) {
  Bytes inside;
  if (take_letter(box.request, inside) != 0) {
    return;
  }
  CallReader letter(inside, {});
  if (letter.get() != 0 || !is_last_word(static_cast<ManagerMethod>(letter.get()))) {
    return;
  }
  const bool of_its_process = !letter.at_end();
  const std::uint64_t process = box.client.load(std::memory_order_acquire);
  for (const auto& [place, session] : sessions_) {
    session->left_ =
        session->left_ || place == &box || (of_its_process && session->process() == process);
  }
}

ServedCall ManagerServer::make_call(std::shared_ptr<Session> session, std::uint64_t number) {
  std::unique_ptr<ServedCall::Body> body =
      spare_ != nullptr ? std::move(spare_) : std::make_unique<ServedCall::Body>();
  body->server = this;
  body->session = std::move(session);
  body->number = number;
  return ServedCall(std::move(body));
}

ServedCall ManagerServer::copy_call(std::shared_ptr<Session> session, Bytes bytes,
                                    std::vector<SharedRef> refs) {
  ServedCall call = make_call(std::move(session), 0);
  call.body_->copy(bytes, std::move(refs));
  return call;
}

bool ManagerServer::is_own_cell(const SharedRef& ref) const noexcept {
  return is_of_type(ref, ObjectType::cell) && cell_of(ref).desk.load() == desk_.offset();
}

void ManagerServer::take_back(std::unique_ptr<ServedCall::Body> body) noexcept {
  body->clear();
  spare_ = std::move(body);
}

void ManagerServer::serve(ServedCall call) {
  const std::shared_ptr<Referent> object = find(call.object());
  if (object == nullptr) {
    call.fail(gone());
  } else if (object->busy_) {
    object->waiting_.push_back(std::move(call));
  } else {
    serve_on(*object, call);
  }
}

void ManagerServer::serve_on(Referent& object, ServedCall& call) {
  if (call.session()->is_over()) {
    return;  // what it had is others' by now
  }
  try {
    object.serve(call);
    if (call) {
      call.finish();
    }
  } catch (...) {
    if (call) {
      call.fail(std::current_exception());
    }
  }
}

void ManagerServer::serve_waiting(Referent& object) {
  while (!object.busy_ && !object.waiting_.empty()) {
    ServedCall next = std::move(object.waiting_.front());
    object.waiting_.pop_front();
    serve_on(object, next);
  }
}

SharedRef ManagerServer::add(std::shared_ptr<Referent> object, std::uint64_t type) {
  const std::uint32_t index = free_place();
  Place& place = places_[index];
  SharedRef cell = make_cell(desk_, *place.stub, id_of(index, ++place.generation), type);
  free_places_.pop_back();
  place.object = std::move(object);
  place.cell = cell.offset();
  ++objects_;
  return cell;
}

std::uint32_t ManagerServer::free_place() {
  if (free_places_.empty()) {
    add_places();
  }
  return free_places_.back();
}

/// One for each stub that has none yet.
void ManagerServer::add_places() {
  if (places_.size() != 1) {
    add_stubs(desk());
  }
  std::size_t seen = 0;
  for_each_entry(desk().stubs, [this, &seen](Stub& stub) {
    if (++seen == places_.size()) {
      places_.push_back({0, nullptr, &stub, 0});
      free_places_.push_back(static_cast<std::uint32_t>(seen));
    }
  });
  std::reverse(free_places_.begin(), free_places_.end());
}

std::shared_ptr<Referent> ManagerServer::find(std::uint64_t id) const {
  if (id == 0) {
    return self_;
  }
  const auto index = static_cast<std::uint32_t>(id);
  const bool is_there = index < places_.size() && places_[index].generation == id >> 32;
  return is_there ? places_[index].object : nullptr;
}

std::uint64_t ManagerServer::count_objects() {
  drop_objects();
  return objects_;
}

SharedRef ManagerServer::reference_to(std::uint64_t id) const {
  if (find(id) == nullptr || id == 0) {
    throw gone();
  }
  SharedRef cell = find_reference(places_[static_cast<std::uint32_t>(id)].cell);
  if (!is_own_cell(cell) || cell_of(cell).id != id) {  // its last proxy has just gone
    throw gone();
  }
  return cell;
}

std::shared_ptr<Referent> ManagerServer::find(const SharedRef& cell) const {
  require_type(cell, ObjectType::cell);
  const Cell& known = cell_of(cell);
  return known.desk.load(std::memory_order_acquire) == desk_.offset() ? find(known.id) : nullptr;
}

bool ManagerServer::drop_objects() {
  bool any = false;
  // What an object held, other objects perhaps, is dropped with it.
  while (Offset next = take_dropped(desk())) {
    any = true;
    while (next != 0) {
      Stub& stub = *at<Stub>(next);
      next = stub.next.load(std::memory_order_acquire);
      const auto index = static_cast<std::uint32_t>(stub.id.load(std::memory_order_relaxed));
      const std::shared_ptr<Referent> dropped = std::exchange(places_[index].object, nullptr);
      step::store(stub.id, 0);
      free_places_.push_back(index);
      --objects_;
    }
  }
  return any;
}

void ManagerServer::run_beside(std::function<void()> work, std::function<void()> then) {
  threads_.run([work = std::move(work), then = std::move(then), posted = posted_] {
    work();
    posted->add(then);
  });
}

/// What the dead had asked is served first: then none of their boxes is among those that ask.
void ManagerServer::end_dead_sessions() {
  std::vector<std::pair<Box*, std::uint64_t>> dead;
  for_each_entry(desk().boxes, [&dead](Box& box) {
    const std::uint64_t client = box.client.load(std::memory_order_acquire);
    if (client != 0 && is_over(Ticket::from(client))) {
      dead.emplace_back(&box, client);
    }
  });
  serve_asking();
  for (const auto& [box, client] : dead) {
    if (box->client.load(std::memory_order_relaxed) != client) {
      continue;  // it had said goodbye, and the box may be another's by now
    }
    if (const auto found = sessions_.find(box); found != sessions_.end()) {
      const std::shared_ptr<Session> session = found->second;
      sessions_.erase(found);
      end_session(*session);
    }
    free_box(desk(), *box);
  }
}

}  // namespace multiprocess::detail
