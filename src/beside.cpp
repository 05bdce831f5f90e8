// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/beside.hpp>

#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/backtrace.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace multiprocess::detail {

namespace {

/// A call whose work is done on another thread.
struct Beside {
  ServedCall call;
  std::function<void(CallWriter&)> work;
  std::function<void(ServedCall&)> then;
  std::function<void()> failed;
  std::exception_ptr error = nullptr;

  void run() noexcept {
    try {
      os::guarded_call([this] { work(call.answer()); });
    } catch (...) {
      error = std::current_exception();
    }
    work = nullptr;  // what it held may be the user's too
  }

  void go_on() {
    if (error != nullptr) {
      if (failed) {
        failed();
      }
      return call.fail(error);
    }
    try {
      if (then) {
        then(call);
      }
      if (call) {
        call.finish();
      }
    } catch (...) {
      if (call) {
        call.fail(std::current_exception());
      }
    }
  }
};

}  // namespace

void do_beside(ServedCall& call, std::function<void(CallWriter&)> work,
               std::function<void(ServedCall&)> then) {
  do_beside(call, std::move(work), std::move(then), nullptr);
}

void do_beside(ServedCall& call, std::function<void(CallWriter&)> work,
               std::function<void(ServedCall&)> then, std::function<void()> failed) {
  ManagerServer& server = call.server();
  const auto beside = std::make_shared<Beside>(
      Beside{std::move(call), std::move(work), std::move(then), std::move(failed)});
  server.run_beside([beside] { beside->run(); }, [beside] { beside->go_on(); });
}

}  // namespace multiprocess::detail
