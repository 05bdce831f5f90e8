// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/guest_handle.hpp>
#include <multiprocess/detail/hall.hpp>
#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/poller.hpp>
#include <multiprocess/detail/os/socket.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// What a listener's end goes by.
struct AcceptRules {
  std::optional<Key> key = {};  ///< none: whoever comes is admitted
  bool strict = false;
  bool legacy_md5 = false;
  std::chrono::nanoseconds patience = std::chrono::seconds(5);  ///< with one handshake
  /// With a silent one in a full house: as long if nobody else gets on either, else longer.
  std::chrono::nanoseconds grace = std::chrono::milliseconds(15);
  std::chrono::nanoseconds longest_grace = std::chrono::milliseconds(100);
  /// Strict: what clients may have dialled. Where there is none, the address of this end of the
  /// connection.
  std::vector<std::string> places = {};
};

/// Somebody who may come in.
struct Admitted {
  GuestHandle handle;
  std::optional<SessionKeys> keys;  ///< strict, on TCP
  os::SocketAddress peer;
};

/// Those whose handshakes are under way, and those who are done. They are in the poller under tags
/// from `first_tag` on.
///
/// Where other processes have the hall, too, the last word of a handshake, after which the client
/// is done, is said to one only, and to the next when that one was taken or has not answered for
/// `longest_grace`.
class Guests {
 public:
  static constexpr std::uint64_t first_tag = 16;

  Guests(os::Poller& poller, AcceptRules rules, const Hall* hall, bool is_local);

  std::size_t pending() const noexcept { return pending_.size(); }

  /// The functions below throw std::system_error.

  /// Somebody has come.
  void begin(GuestHandle arrived, os::SocketAddress peer);
  /// Whoever is in the hall; false when nobody is.
  bool fetch();
  /// Leaves all there, unless nobody else has it. Where there is no room, those stay here who have
  /// got least far.
  void hand_on() noexcept;
  /// Whoever has this tag, if anybody.
  void look_after(std::uint64_t tag);
  void refuse(std::string why);

  /// Says the last word where there is a place.
  void let_in();
  /// Whether one more may come: nobody is taken from others while there is one who can be let in.
  bool want_more() const noexcept;
  /// Until when it is worth it to wait for one who has heard it.
  os::Deadline awaited_until() const noexcept { return told_ == 0 ? os::at_once : told_until_; }

  /// Ends what has taken too long.
  void expire();
  os::Deadline next_deadline() const noexcept;
  /// When the first one may go to make room.
  os::Deadline end_of_grace() const noexcept;
  /// Silently, as nothing has failed.
  void give_up_first();

  bool has_admitted() const noexcept { return !admitted_.empty(); }
  bool has_news() const noexcept {
    return !admitted_.empty() || !failures_.empty() || !ready_.empty();
  }
  std::optional<Admitted> take_admitted();
  std::optional<std::string> take_failure();

 private:
  struct Pending {
    GuestHandle handle;
    Handshake handshake;
    os::SocketAddress peer;
    os::Deadline deadline;
    os::Deadline heard;   // its last frame, or its arrival
    bool writes = false;  // waits for room
    bool waits = false;   // for the last word
  };
  using All = std::map<std::uint64_t, Pending>;  // in the order of their arrival
  struct Done {
    GuestHandle handle;
    std::optional<SessionKeys> keys;
    os::SocketAddress peer;
    std::optional<HandshakeState> state;
  };

  bool are_shared() const noexcept { return hall_ != nullptr && hall_->is_common(); }
  bool have_place() const noexcept { return !are_shared() || (admitted_.empty() && told_ == 0); }
  All::iterator enter(std::pair<GuestHandle, Hall::Guest> taken);
  void leave_all();
  void empty_hall();
  bool is_silent(const Pending& guest) const;
  bool must_wait(const Pending& guest) const noexcept;
  HandshakeRules rules_for(const GuestHandle& arrived) const;
  os::Deadline end_of_patience() const noexcept;
  All::iterator enter(Pending guest);
  void go_on(All::iterator guest);
  void read_some(Pending& guest);
  void write_some(All::iterator guest);
  void note_told(All::const_iterator guest) noexcept;
  void settle(All::iterator guest);
  void forget(All::const_iterator guest) noexcept;
  All::const_iterator first_to_go() const noexcept;

  os::Poller& poller_;
  const AcceptRules rules_;
  const Hall* const hall_;
  const bool is_local_;
  All pending_;
  std::uint64_t last_ = first_tag;   // tag
  std::deque<std::uint64_t> ready_;  // for the last word; some may have gone
  std::uint64_t told_ = 0;           // who has heard it last, until he answers; 0: nobody
  os::Deadline told_until_{};        // then others hear it
  std::deque<Done> admitted_;
  std::deque<std::string> failures_;
  os::Deadline last_proof_{};  // when somebody has proven the key
};

}  // namespace multiprocess::detail
