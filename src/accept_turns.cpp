// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/accept_turns.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

/// One thread at a time looks.
class AcceptTurns::Turn {
 public:
  /// A thread that does not wait comes again: its event loop looks after the handshakes.
  Turn(AcceptTurns& all, os::Deadline deadline) : all_(all), hands_on_(deadline != os::at_once) {
    std::unique_lock lock(all_.mutex_);
    const auto is_free = [this] { return !all_.is_busy_; };
    ++all_.takers_;
    if (deadline == os::never) {
      all_.freed_.wait(lock, is_free);
    } else if (!all_.freed_.wait_until(lock, deadline, is_free)) {
      --all_.takers_;
      throw TimeoutError();
    }
    all_.is_busy_ = true;
  }
  /// Whoever waits for the handle afterwards sees what is left. Nobody gives up meanwhile: one who
  /// waits for the turn is left with the guests only if he gets it.
  ~Turn() {
    const std::scoped_lock lock(all_.mutex_);
    if (hands_on_ && all_.takers_ == 1) {
      all_.acceptor_.hand_on();
    }
    all_.acceptor_.rest();
    all_.is_busy_ = false;
    --all_.takers_;
    all_.freed_.notify_one();
  }
  /// At its end.
  void hand_on() noexcept { hands_on_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  AcceptTurns& all_;
  bool hands_on_;
};

AcceptTurns::AcceptTurns(std::shared_ptr<const os::Handle> socket, Acceptor::Rules rules,
                         std::shared_ptr<const Hall> hall)
    : owner_(os::current_pid()),
      socket_(std::move(socket)),
      acceptor_(socket_->get(), std::move(rules), std::move(hall)) {}

AcceptTurns::~AcceptTurns() {
  if (is_ours()) {
    acceptor_.hand_on();
  }
}

void AcceptTurns::hand_on() noexcept {
  const std::scoped_lock lock(mutex_);
  if (takers_ == 0) {
    acceptor_.hand_on();
    acceptor_.rest();
  }
}

void AcceptTurns::abandon() noexcept {
  socket_.reset();
  acceptor_.abandon();
}

bool AcceptTurns::is_ours() const noexcept {
  return owner_ == os::current_pid();
}

Admitted AcceptTurns::accept(os::Deadline deadline) {
  Turn turn(*this, deadline);
  for (bool is_last = false;;) {
    if (is_closed_) {
      throw_closed();
    }
    if (auto admitted = acceptor_.take_admitted()) {
      turn.hand_on();
      return *std::move(admitted);
    }
    if (auto why = acceptor_.take_failure()) {
      throw AuthenticationError(*why);
    }
    if (is_last) {
      throw TimeoutError();
    }
    acceptor_.step(std::max(deadline, acceptor_.awaited_until()));
    const os::Deadline end = std::max(deadline, acceptor_.awaited_until());
    is_last = end != os::never && end <= std::chrono::steady_clock::now();
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
