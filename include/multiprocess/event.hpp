// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/timeout.hpp>

#include <string>

namespace multiprocess {

/// A flag that processes of the tree set, clear and wait for.
///
/// A copyable handle: every copy, in whatever process, is the same event. No process that is killed
/// blocks the others, whatever it was doing.
class Event {
 public:
  using shared_handle = void;

  /// A new event, not set. Throws std::bad_alloc when shared memory is short.
  Event();

  /// Sets the flag and wakes all who wait.
  void set() const;

  /// Takes the flag down: who waits from now on waits for the next set().
  void clear() const;

  bool is_set() const;

  /// True when the flag is set, or was set at any moment since the call; waits for that at most
  /// `timeout`. Unlike in Python a set() that is followed at once by clear() still gives true to
  /// everybody who waited.
  bool wait(Timeout timeout = forever) const;

  friend bool operator==(const Event&, const Event&) = default;
  friend std::string mp_repr(const Event& event);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  /// Its word: how often the flag was set, and in the lowest bit whether it is.
  detail::Signal& flag() const noexcept { return *static_cast<detail::Signal*>(ref_.address()); }

  detail::SharedRef ref_;
};

}  // namespace multiprocess
