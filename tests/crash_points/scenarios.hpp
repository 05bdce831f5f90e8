// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "crash_points/play.hpp"
#include "support/forked.hpp"

#include <multiprocess/fd.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace multiprocess::test {

/// A message with a handle inside.
struct Parcel {
  std::size_t number = 0;
  Lock lock;
  std::string text;
};

/// What a victim has had acknowledged, in memory outside the arena.
struct Ledger {
  std::atomic<std::size_t> numbers_put;
  std::atomic<std::size_t> numbers_got;
  std::atomic<std::size_t> blobs_put;
  std::atomic<std::size_t> blobs_got;
  std::atomic<std::size_t> parcels_put;
  std::atomic<std::size_t> parcels_got;
  std::atomic<std::size_t> ends_put;
  std::atomic<std::size_t> ends_got;
  std::atomic<std::size_t> jobs_got;
  std::atomic<std::size_t> jobs_done;
};

/// What victims and the survivor of a scenario about queues share.
struct World {
  static constexpr std::size_t numbers_before = 2200;  // more than two segments
  static constexpr std::size_t blobs_before = 6;
  static constexpr std::size_t parcels_before = 3;
  static constexpr std::size_t jobs_before = 5;

  World();

  SharedPage<Ledger> ledger;
  Queue<std::size_t> numbers;  // victims put here
  Queue<std::size_t> full;     // and take from here
  Queue<std::vector<std::size_t>> blobs;
  Queue<std::vector<std::size_t>> full_blobs;
  Queue<Parcel> parcels;
  Queue<Parcel> full_parcels;
  Queue<Fd> ends;
  Queue<Fd> full_ends;
  std::size_t ends_before = 0;
  JoinableQueue<std::vector<std::size_t>> jobs;
  Lock lock;

  /// Fails the test unless everything acknowledged is there once and in order, and all works.
  void check();
};

/// Item `number` of the blob queues: short ones, some in a block, some sent in pieces.
std::vector<std::size_t> blob(std::size_t number);

/// Until a thread of this process sleeps, and is counted.
void wait_for_a_sleeper();

}  // namespace multiprocess::test
