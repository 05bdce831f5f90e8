// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/goods.hpp"
#include "chaos/ledger.hpp"

#include <multiprocess/joinable_queue.hpp>

#include <cstdint>
#include <string>

namespace multiprocess::test {

/// What the processes that are to be killed work with; crosses to any of them.
struct Works {
  std::string ledger;
  Queue<Stamp> stamps;
  Queue<Parcel> parcels;
  Queue<Letter> letters;
  JoinableQueue<Stamp> jobs;
  Lock lock;
};

/// consume: gets jobs and does them; raise: starts children, which are left alone when it is
/// killed; clear: clears away after the dead; join: waits until all jobs are done.
enum class Role : std::uint32_t { put, get, consume, hold, allocate, raise, clear, join };
/// idle: does nothing but wait for one item after the other; lazy: and runs only when nobody else
/// wants its CPU.
enum class Pace : std::uint32_t { busy, idle, lazy };
enum class Kind : std::uint32_t { stamps, parcels, letters, jobs };

struct Task {
  Role role;
  Kind kind;
  std::uint32_t number;  // of the first thread in the ledger
  std::uint32_t threads;
  std::uint32_t quota;  // items to put
  std::uint64_t seed;
  Pace pace;
};

const char* name_of(Role role);

/// Putters end when they have put their quota, getters when the queue is shut down, the others
/// never.
void work(Works works, Task task);

/// Until the queue of that kind is empty nobody gets ShutDown.
void shut_down(const Works& works, Kind kind);
std::ptrdiff_t items_in(const Works& works, Kind kind);

/// The queue's words, for the report of a hang.
std::string describe_queue(const Works& works, Kind kind);

/// How many sleep until the queue of that kind has an item.
std::uint32_t sleepers_of(const Works& works, Kind kind);

}  // namespace multiprocess::test
