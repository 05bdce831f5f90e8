// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/os/deadline.hpp>

#include <atomic>
#include <cstdint>
#include <optional>

namespace multiprocess::detail {

/// One life of one place among the processes of the tree.
struct Ticket {
  std::uint32_t slot = 0;  // 0: nobody
  std::uint32_t generation = 0;

  explicit operator bool() const noexcept { return slot != 0; }
  friend bool operator==(const Ticket&, const Ticket&) = default;

  std::uint64_t word() const noexcept { return std::uint64_t{generation} << 32 | slot; }
  static Ticket from(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
  }
};

inline constexpr std::uint32_t most_participants = 4096;

enum class Life : std::uint32_t {
  free,      // nobody
  reserved,  // a parent starts a child here, or the child runs but has not used the arena
  live,      // has used the arena
  left,      // ended by its own exit steps: holds nothing
  dead,      // ended otherwise: what it held is to be given back
  claimed,   // somebody whom nobody announced comes in
};

/// What is said of one life of a place, at most 48 bits. Who says it may have been stopped on the
/// way, and come when the place is another's: what is said of a former life changes nothing.
class LifeNote {
 public:
  void write(std::uint32_t generation, std::uint64_t value) noexcept;
  /// 0 when nothing was said.
  std::uint64_t read(std::uint32_t generation) const noexcept;

 private:
  std::atomic<std::uint64_t> word_;  // low 16 bits of the generation << 48 | value
};

/// A process in the arena: who it is and what it holds there.
struct alignas(256) Participant {
  std::atomic<std::uint64_t> life;  // generation << 32 | reserver's slot, claimer's pid << 3 | Life
  LifeNote pid;                     // os::Identity, field by field; pid 0: not known yet
  LifeNote seen;
  LifeNote image;
  std::atomic<std::uint64_t> pinned;   // Ticket of the process whose holdings we inherited by fork
  std::atomic<std::uint64_t> born;     // that process's count of forks at our birth
  std::atomic<std::uint64_t> pins;     // children that inherited ours and are not cleared away
  std::atomic<std::uint64_t> unpins;   // how many ended so far
  std::atomic<std::uint64_t> account;  // first block of the references that we hold
  std::atomic<std::uint64_t> mail;     // 1: a message in the arena waits for us, or did
  std::atomic<std::uint32_t> exit_known;  // 1 once exit_code is valid; a word to sleep on
  std::atomic<std::uint32_t> exit_sleepers;
  std::atomic<std::int32_t> exit_code;
};

inline Participant& participant(std::uint32_t slot) {
  return at<Participant>(area::participants)[slot];
}

inline std::uint32_t generation_of(std::uint64_t life_word) noexcept {
  return static_cast<std::uint32_t>(life_word >> 32);
}

inline Life life_of(std::uint64_t life_word) noexcept {
  return static_cast<Life>(life_word & 7);
}

/// Not known to have ended.
inline bool goes_on(std::uint64_t life_word) noexcept {
  const Life life = life_of(life_word);
  return life == Life::live || life == Life::reserved || life == Life::claimed;
}

inline std::uint32_t reserver_of(std::uint64_t life_word) noexcept {
  return static_cast<std::uint32_t>(life_word) >> 3;
}

/// A place that is claimed says by whom in the same store: nobody else knows of the process yet.
inline std::uint32_t claimer_of(std::uint64_t life_word) noexcept {
  return life_of(life_word) == Life::claimed ? static_cast<std::uint32_t>(life_word) >> 3 : 0;
}

inline std::uint64_t life_word(std::uint32_t generation, std::uint32_t reserver_or_claimer,
                               Life life) noexcept {
  return std::uint64_t{generation} << 32 | reserver_or_claimer << 3 |
         static_cast<std::uint32_t>(life);
}

/// The number of the process that has or claims the place; 0 when it is not known.
std::uint32_t pid_in(const Participant& place) noexcept;

/// What concerns all places; it stands where slot 0 would, which is nobody.
struct Census {
  std::atomic<std::uint64_t> high_water;  // slots above were never used
  std::atomic<std::uint64_t> hint;        // where a free slot may be
  std::atomic<std::uint64_t> next_check;  // when the backstop looks at everybody again
  std::atomic<std::uint64_t> ends;        // how many participants have ended
};

inline Census& census() {
  return *at<Census>(area::participants);
}

/// Parent: a place for a child about to start. With `forks_us` what this process holds now stays
/// until that child has ended. Throws RuntimeError when 4096 processes of the tree live.
Ticket reserve_participant(bool forks_us);

/// Parent: the same for a copy of an earlier copy of this process, which was born as `born` says
/// (Participant::born): it inherits what that one did, and nothing that came later.
Ticket reserve_participant_born(std::uint64_t born);

/// Parent: the child is to be given a message in the arena, which goes with it should it never
/// come to read it.
void expect_mail(Ticket child) noexcept;

/// Parent: the child runs under this number.
void name_participant(Ticket child, int pid);

/// Parent: the start failed.
void cancel_participant(Ticket child) noexcept;

/// Child, before anything else: this process is that participant.
void enter_as(Ticket ticket) noexcept;

/// This process; it becomes a participant now if it was none (the root, a child of a plain fork).
Ticket this_participant();

/// Last exit step: gives back everything that this process holds. What uses shared objects
/// afterwards (static destructors) enters anew.
void leave_participant() noexcept;

/// Since then: what static objects refer to may be gone.
bool has_left() noexcept;

/// Python's exit code, stored by the child before it ends or by the fork server that reaped it.
void set_exit_code(Ticket ticket, int code) noexcept;
std::optional<int> exit_code(Ticket ticket);

/// True when the code is there; waits for it until `deadline`.
bool wait_exit_code(Ticket ticket, os::Deadline deadline);

/// This participant has ended: what it held passes on and sleepers look again. Any process may say
/// so, more than once, but only when it is true.
void note_end(Ticket ticket) noexcept;

/// True when the participant was seen to have ended.
bool is_over(Ticket ticket) noexcept;

/// Asks the system about one participant and notes its end. True when it is over.
bool check_participant(Ticket ticket) noexcept;

/// Asks about everybody, at most once a second for the whole tree: the backstop of every wait.
void check_everybody() noexcept;

}  // namespace multiprocess::detail
