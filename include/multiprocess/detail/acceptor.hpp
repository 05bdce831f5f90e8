// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/guests.hpp>
#include <multiprocess/detail/hall.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/poller.hpp>
#include <multiprocess/detail/os/socket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace multiprocess::detail {

/// Accepts connections at a listening socket and runs their handshakes side by side, without
/// threads and without ever waiting by itself: for a Listener, or for an event loop that has more
/// to do. For one thread at a time.
class Acceptor {
 public:
  /// More handshakes than these are not under way. Who comes next waits in the kernel's queue,
  /// until one has ended or one that has not said anything yet has been silent for too long.
  static constexpr std::size_t most_pending = 256;

  using Rules = AcceptRules;

  /// The socket stays the caller's, and open as long as this. Where other processes accept at it,
  /// too, `hall` is theirs as well. Throws std::system_error.
  Acceptor(os::NativeHandle listening, Rules rules, std::shared_ptr<const Hall> hall = nullptr);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Readable while step() has something to do, but for deadlines.
  os::NativeHandle handle() const noexcept { return poller_.handle(); }
  /// When step() has something to do at the latest.
  os::Deadline next_deadline() const noexcept;

  /// Waits until something comes or a handshake is at its end, at most until `deadline`, and does
  /// what there is to do. Bytes that have come are looked at before anybody's time is over. Throws
  /// std::system_error when nothing more can be accepted.
  void step(os::Deadline deadline = os::at_once);

  /// Until when it is worth it to wait for one who was told that he is admitted.
  os::Deadline awaited_until() const noexcept { return guests_.awaited_until(); }

  /// Those who were admitted, in order; none when nobody waits.
  std::optional<Admitted> take_admitted() { return guests_.take_admitted(); }
  /// Why somebody was not.
  std::optional<std::string> take_failure() { return guests_.take_failure(); }

  /// To be called before handle() is waited for again, unless all was taken: what nobody has taken
  /// yet makes it readable.
  void rest() noexcept;

  /// Leaves whose handshake is under way to the other processes, if there are any.
  void hand_on() noexcept { guests_.hand_on(); }

  /// Until then nobody who comes is accepted, while those who are there already go on: for a loop
  /// that has more to do, after step() has thrown.
  void pause(os::Deadline until) noexcept;

  /// Any thread: from now on no step() waits.
  void interrupt() noexcept;

  /// In a forked child, whose parent goes on with it: closes what the child has of it. Nothing else
  /// may be called any more.
  void abandon() noexcept;

  std::size_t pending() const noexcept { return guests_.pending(); }

 private:
  void look_out();
  void let_one_come(bool from_hall);
  void accept_one();
  bool is_full() const noexcept;
  bool make_room();
  void listen(bool listens);

  os::NativeHandle listening_;
  std::shared_ptr<const Hall> hall_;
  const bool is_local_;  // all who come are processes of this machine
  os::Poller poller_;
  Guests guests_;
  os::Handle bell_;  // always readable
  os::Handle end_;   // likewise
  bool rings_ = false;
  bool listens_ = true;         // the listening socket is looked at
  bool lacks_handles_ = false;  // so far there is no room for one more
  bool has_seen_all_ = false;   // whatever has come was looked at
  bool hall_is_next_ = true;    // where somebody waits there and at the socket
  os::Deadline paused_until_ = os::at_once;
};

/// What is ready in the poller, as Poller::wait, for who expects something at once: to be woken for
/// it takes longer.
std::span<os::Poller::Event> wait_soon(os::Poller& poller, std::span<os::Poller::Event> space,
                                       os::Deadline deadline);

}  // namespace multiprocess::detail
