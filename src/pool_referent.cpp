// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_referent.hpp>

#include <multiprocess/detail/beside.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <optional>
#include <string>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_pool(ServedCall&) {
  return std::make_shared<PoolReferent>();
}

/// Ending the workers takes its time, for which nobody else shall wait.
PoolReferent::~PoolReferent() {
  if (pool_ != nullptr && !server_->is_stopping()) {
    server_->discard(std::exchange(pool_, nullptr));
  }
}

void PoolReferent::serve(ServedCall& call) {
  switch (call.method<PoolMethod>()) {
    case PoolMethod::start:
      return start(call);
    case PoolMethod::call:
      return submit(call, true);
    case PoolMethod::submit:
      return submit(call, false);
    case PoolMethod::stream:
      return stream(call);
    case PoolMethod::close:
      return use(call, [](Pool& pool, CallWriter&) { pool.close(); });
    case PoolMethod::terminate:
      return use(call, [](Pool& pool, CallWriter&) { pool.terminate(); });
    case PoolMethod::join:
      return use(call, [](Pool& pool, CallWriter&) { pool.join(); });
    case PoolMethod::pids:
      return use(call, [](Pool& pool, CallWriter& into) { into.put_value(pool.pids()); });
    case PoolMethod::show:
      return use(call, [](Pool& pool, CallWriter& into) { into.put_text(mp_repr(pool)); });
  }
  throw_no_such_method();
}

const std::shared_ptr<Pool>& PoolReferent::pool() const {
  if (pool_ == nullptr) {
    throw ValueError("the pool was not started");
  }
  return pool_;
}

void PoolReferent::use(ServedCall& call, std::function<void(Pool&, CallWriter&)> work) {
  do_beside(call, [pool = pool(), work = std::move(work)](CallWriter& into) { work(*pool, into); });
}

void PoolReferent::start(ServedCall& call) {
  const auto made = std::make_shared<std::shared_ptr<Pool>>();
  do_beside(
      call,
      [made, orders = call.arguments().get_blob()](CallWriter&) {
        *made = orders.as<PoolStart>()();
      },
      [made, self = std::static_pointer_cast<PoolReferent>(shared_from_this())](ServedCall& done) {
        if (self->pool_ != nullptr) {
          done.server().discard(std::move(*made));
          throw ValueError("the pool was started already");
        }
        self->pool_ = std::move(*made);
        self->server_ = &done.server();
      });
}

void PoolReferent::submit(ServedCall& call, bool waits) {
  const std::uint64_t type = waits ? 0 : call.arguments().get();
  const auto result = std::make_shared<std::shared_ptr<PendingResult>>();
  do_beside(
      call,
      [pool = pool(), result, operation = call.arguments().get_blob()](CallWriter&) {
        *result = operation.as<PoolOperation>()(*pool);
      },
      [result, waits, type](ServedCall& begun) {
        const auto made = std::make_shared<AsyncResultReferent>(std::move(*result));
        made->expect(begun.server());
        if (waits) {
          made->get(begun, os::never);
        } else {
          begun.answer().put_ref(begun.server().add(made, type));
        }
      });
}

void PoolReferent::stream(ServedCall& call) {
  const std::uint64_t type = call.arguments().get();
  const auto results = std::make_shared<std::shared_ptr<PendingStream>>();
  do_beside(
      call,
      [pool = pool(), results, operation = call.arguments().get_blob()](CallWriter&) {
        *results = operation.as<StreamOperation>()(*pool);
      },
      [results, type](ServedCall& begun) {
        begun.answer().put_ref(
            begun.server().add(std::make_shared<StreamReferent>(std::move(*results)), type));
      });
}

void AsyncResultReferent::serve(ServedCall& call) {
  switch (call.method<AsyncResultMethod>()) {
    case AsyncResultMethod::get:
      return get(call, read_deadline(call.arguments()));
    case AsyncResultMethod::wait:
      return wait(call, read_deadline(call.arguments()), Wish{false});
    case AsyncResultMethod::ready:
      return call.answer().put(ready_ ? 1 : 0);
    case AsyncResultMethod::successful:
      if (!ready_) {
        throw_not_ready();
      }
      return call.answer().put(successful_ ? 1 : 0);
    case AsyncResultMethod::cancel:
      return do_beside(
          call, [result = result_](CallWriter& into) { into.put(result->cancel() ? 1 : 0); });
    case AsyncResultMethod::show:
      return call.answer().put_text(ready_ ? "<AsyncResult ready>" : "<AsyncResult pending>");
  }
  throw_no_such_method();
}

void AsyncResultReferent::get(ServedCall& call, os::Deadline deadline) {
  wait(call, deadline, Wish{true});
}

void AsyncResultReferent::wait(ServedCall& call, os::Deadline deadline, Wish wish) {
  if (ready_) {
    return serve_ready(call, wish);
  }
  if (deadline == os::at_once) {
    return answer(call, false);
  }
  watch(call.session());
  waiting_.add(call, deadline, wish, [](auto late) { answer(late.call, false); });
}

/// The value is written beside the loop: that runs the user's code.
void AsyncResultReferent::serve_ready(ServedCall& call, Wish wish) {
  call.answer().put(1);
  if (wish.value) {
    do_beside(call, [result = result_](CallWriter& into) { result->write(into); });
  } else {
    call.finish();
  }
}

void AsyncResultReferent::expect(ManagerServer& server) {
  const auto self = std::static_pointer_cast<AsyncResultReferent>(shared_from_this());
  result_->when_ready([post = server.poster(), self] {
    // Asked here: for other threads it may not be settled yet.
    post([self, successful = self->result_->successful()] {
      self->ready_ = true;
      self->successful_ = successful;
      while (auto next = self->waiting_.take()) {
        self->serve_ready(next->call, next->note);
      }
    });
  });
}

void StreamReferent::serve(ServedCall& call) {
  const std::int64_t time = call.arguments().get_signed();
  const Timeout timeout = time < 0 ? forever : Timeout(std::chrono::nanoseconds(time));
  run_beside(call,
             [results = results_, timeout](CallWriter& into) { results->next(into, timeout); });
}

}  // namespace multiprocess::detail
