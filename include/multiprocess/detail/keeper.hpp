// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/owned_lock.hpp>

#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// What the tree knows of its keeper: a small process that holds the descriptors in messages, since
/// the arena cannot, and removes the names of shared memory that the tree leaves behind. It is
/// nobody's child, starts when it is needed first, and ends when nobody else of the tree is left.
struct KeeperState {
  OwnedLock starting;                  // of who starts one
  std::atomic<std::uint64_t> keeper;   // its Ticket; 0: there was none yet
  std::atomic<std::uint64_t> name;     // of the rendezvous where it serves
  std::atomic<std::uint64_t> numbers;  // how many deposits were given one
  OwnedLock tracking;                  // of who changes the chain of names; see tracked_names.cpp
  std::atomic<std::uint64_t> names;    // Offset of the first one
};

inline KeeperState& keeper_state() {
  return *at<KeeperState>(area::keeper);
}

/// What it is asked for, on a channel of its own each time. With a deposit comes the handle.
struct KeeperRequest {
  enum class What : std::uint32_t { deposit, withdraw, drop, count };
  What what = What::count;
  std::uint32_t unused = 0;
  std::uint64_t number = 0;
  std::uint64_t parcel = 0;  ///< deposit: Offset of the parcel that stands for it
};

/// What it answers, except to a drop. With the answer to a withdrawal comes a duplicate.
struct KeeperReply {
  enum class How : std::uint32_t { done, unknown, failed };
  How how = How::done;
  std::int32_t error = 0;   ///< failed: the system's number
  std::uint64_t count = 0;  ///< deposits that it has
};

/// This process is the keeper from now on, unless another one took over from `predecessor` before:
/// then false.
bool announce_keeper(std::uint64_t predecessor, std::uint64_t name);

/// The life of the keeper; `predecessor` is the Ticket of the one that it is to replace.
[[noreturn]] void keep_descriptors(std::uint64_t predecessor) noexcept;

}  // namespace multiprocess::detail
