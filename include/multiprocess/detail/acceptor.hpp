// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/poller.hpp>
#include <multiprocess/detail/os/socket.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail {

/// Accepts connections at a listening socket and runs their handshakes side by side, without
/// threads and without ever waiting by itself: for a Listener, or for an event loop that has more
/// to do. For one thread at a time.
class Acceptor {
 public:
  /// More handshakes than these are not under way. Who comes next waits in the kernel's queue,
  /// until one has ended or one that has not said anything yet has been silent for too long.
  static constexpr std::size_t most_pending = 256;
  static constexpr std::chrono::seconds usual_patience{5};

  struct Rules {
    std::optional<Key> key = {};  ///< none: whoever comes is admitted
    bool strict = false;
    bool legacy_md5 = false;
    std::chrono::nanoseconds patience = usual_patience;  ///< with one handshake
    /// With a silent one in a full house: as long if nobody else gets on either, else longer.
    std::chrono::nanoseconds grace = std::chrono::milliseconds(15);
    std::chrono::nanoseconds longest_grace = std::chrono::milliseconds(100);
    /// Strict: what clients may have dialled. Where there is none, the address of this end of the
    /// connection.
    std::vector<std::string> places = {};
  };

  /// Somebody who may come in.
  struct Admitted {
    os::Handle handle;
    std::optional<SessionKeys> keys;  ///< strict, on TCP
    os::SocketAddress peer;
  };

  /// The socket stays the caller's, and open as long as this. Throws std::system_error.
  Acceptor(os::NativeHandle listening, Rules rules);
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

  /// Those who were admitted, in order; none when nobody waits.
  std::optional<Admitted> take_admitted();
  /// Why somebody was not.
  std::optional<std::string> take_failure();

  /// To be called before handle() is waited for again, unless all was taken: what nobody has taken
  /// yet makes it readable.
  void rest() noexcept;

  /// Any thread: from now on no step() waits.
  void interrupt() noexcept;

  std::size_t pending() const noexcept { return pending_.size(); }

 private:
  struct Pending {
    os::Handle handle;
    Handshake handshake;
    os::SocketAddress peer;
    os::Deadline deadline;
    os::Deadline heard;   // its last frame, or its arrival
    bool writes = false;  // waits for room
  };
  using Guests = std::unordered_map<std::uint64_t, Pending>;

  std::span<os::Poller::Event> wait(std::span<os::Poller::Event> space, os::Deadline deadline);
  void accept_one();
  void receive(os::Accepted arrived);
  void begin(os::Accepted arrived);
  HandshakeRules rules_for(const os::Handle& arrived) const;
  void go_on(Guests::iterator guest);
  void read_some(Pending& guest);
  void write_some(Guests::iterator guest);
  void settle(Guests::iterator guest);
  void refuse(std::string why);
  void expire();
  bool is_full() const noexcept {
    return pending_.size() >= most_pending || (lacks_handles_ && !pending_.empty());
  }
  Guests::const_iterator first_to_go() const noexcept;
  os::Deadline end_of_grace() const noexcept;
  bool make_room();
  void forget(Guests::const_iterator guest) noexcept;
  void listen(bool listens);

  os::NativeHandle listening_;
  bool is_local_;  // all who come are processes of this machine
  Rules rules_;
  os::Poller poller_;
  Guests pending_;
  std::uint64_t last_ = 0;  // tag; 0 is the listening socket
  std::deque<Admitted> admitted_;
  std::deque<std::string> failures_;
  os::Handle bell_;       // always readable: nobody has the other end
  const os::Handle end_;  // likewise
  bool rings_ = false;
  bool listens_ = true;         // the listening socket is looked at
  bool lacks_handles_ = false;  // so far there is no room for one more
  bool has_seen_all_ = false;   // whatever has come was looked at
  os::Deadline last_proof_{};   // when somebody has proven the key
};

}  // namespace multiprocess::detail
