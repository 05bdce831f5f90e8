// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/accept_turns.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>

#include <chrono>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

/// One thread at a time looks.
class AcceptTurns::Turn {
 public:
  Turn(AcceptTurns& all, os::Deadline deadline) : all_(all) {
    std::unique_lock lock(all_.mutex_);
    const auto is_free = [this] { return !all_.is_busy_; };
    if (deadline == os::never) {
      all_.freed_.wait(lock, is_free);
    } else if (!all_.freed_.wait_until(lock, deadline, is_free)) {
      throw TimeoutError();
    }
    all_.is_busy_ = true;
  }
  ~Turn() {
    const std::scoped_lock lock(all_.mutex_);
    all_.is_busy_ = false;
    all_.freed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  AcceptTurns& all_;
};

namespace {

/// Whoever waits for the handle afterwards sees what is left.
struct Rest {
  Acceptor& acceptor;
  ~Rest() { acceptor.rest(); }
};

}  // namespace

AcceptTurns::AcceptTurns(std::shared_ptr<const os::Handle> socket, Acceptor::Rules rules)
    : owner_(os::current_pid()),
      socket_(std::move(socket)),
      acceptor_(socket_->get(), std::move(rules)) {}

bool AcceptTurns::is_ours() const noexcept {
  return owner_ == os::current_pid();
}

Acceptor::Admitted AcceptTurns::accept(os::Deadline deadline) {
  const Turn turn(*this, deadline);
  const Rest rest{acceptor_};
  for (bool is_last = false;;) {
    if (is_closed_) {
      throw_closed();
    }
    if (auto admitted = acceptor_.take_admitted()) {
      return *std::move(admitted);
    }
    if (auto why = acceptor_.take_failure()) {
      throw AuthenticationError(*why);
    }
    if (is_last) {
      throw TimeoutError();
    }
    acceptor_.step(deadline);
    is_last = deadline != os::never && deadline <= std::chrono::steady_clock::now();
  }
}

void AcceptTurns::close() noexcept {
  is_closed_ = true;
  acceptor_.interrupt();
}

void AcceptTurns::throw_closed() {
  throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor),
                          "listener is closed");
}

}  // namespace multiprocess::detail
