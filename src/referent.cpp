// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/referent.hpp>

#include <multiprocess/detail/beside.hpp>
#include <multiprocess/detail/call_body.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace multiprocess::detail {

namespace {

/// The answer that is an exception.
class Failure {
 public:
  explicit Failure(const std::exception_ptr& error) noexcept {
    try {
      writer_.put(CallStatus::exception);
      try {
        std::rethrow_exception(error);
      } catch (const std::bad_alloc&) {
        throw;
      } catch (...) {
        writer_.put_value(pack_current_exception());
      }
    } catch (...) {
      writer_.clear();
      writer_.put(CallStatus::no_memory);
    }
  }

  Bytes bytes() const noexcept { return writer_.bytes(); }
  std::span<const SharedRef> refs() const noexcept { return writer_.refs(); }

 private:
  CallWriter writer_;
};

}  // namespace

void Session::watch(const std::shared_ptr<Referent>& referent) {
  const auto is_same = [&referent](const std::weak_ptr<Referent>& known) {
    return !known.owner_before(referent) && !referent.owner_before(known);
  };
  if (std::none_of(watching_.begin(), watching_.end(), is_same)) {
    std::erase_if(watching_, [](const std::weak_ptr<Referent>& known) { return known.expired(); });
    watching_.push_back(referent);
  }
}

void Session::end() {
  over_ = true;
  for (const std::weak_ptr<Referent>& each : std::exchange(watching_, {})) {
    if (const std::shared_ptr<Referent> referent = each.lock()) {
      referent->session_ended(*this);
    }
  }
}

ServedCall::ServedCall(std::unique_ptr<Body> body) noexcept : body_(std::move(body)) {}
ServedCall::ServedCall(ServedCall&&) noexcept = default;

ServedCall& ServedCall::operator=(ServedCall&& other) noexcept {
  std::swap(body_, other.body_);
  return *this;
}

ServedCall::~ServedCall() {
  if (body_ != nullptr) {
    fail(RuntimeError("the manager has dropped the call"));
  }
}

std::uint64_t ServedCall::object() const noexcept {
  return body_->object;
}
std::uint64_t ServedCall::raw_method() const noexcept {
  return body_->method;
}
CallReader& ServedCall::arguments() noexcept {
  return body_->arguments;
}
CallWriter& ServedCall::answer() noexcept {
  return body_->answer;
}
const std::shared_ptr<Session>& ServedCall::session() const noexcept {
  return body_->session;
}
ManagerServer& ServedCall::server() const noexcept {
  return *body_->server;
}

bool ServedCall::finish() noexcept {
  return send(body_->answer.bytes(), body_->answer.refs());
}

void ServedCall::fail(const std::exception_ptr& error) noexcept {
  const Failure answer(error);
  send(answer.bytes(), answer.refs());
}

bool ServedCall::send(Bytes bytes, std::span<const SharedRef> refs) noexcept {
  std::unique_ptr<Body> body = std::exchange(body_, nullptr);
  if (body->session->is_over()) {
    return false;  // and perhaps the server as well
  }
  bool sent = true;
  try {
    body->session->send_answer(body->number, bytes, refs);
  } catch (...) {  // memory is short, or a part of it may not leave the tree
    const Failure answer(std::current_exception());
    body->session->send_answer(body->number, answer.bytes(), {});
    sent = false;
  }
  body->server->take_back(std::move(body));
  return sent;
}

void Referent::run_beside(ServedCall& call, std::function<void(CallWriter&)> work) {
  const auto be_free = [self = shared_from_this(), &server = call.server()] {
    self->busy_ = false;
    server.serve_waiting(*self);
  };
  const auto answer = [be_free](ServedCall& done) {
    done.finish();
    be_free();
  };
  const auto work_on_this = [work = std::move(work), id = call.object(),
                             &desk = call.server().desk()](CallWriter& into) {
    const ObjectInHand mine(desk, id);
    work(into);
  };
  do_beside(call, work_on_this, answer, be_free);
  busy_ = true;  // the second part runs in this thread, later
}

}  // namespace multiprocess::detail
