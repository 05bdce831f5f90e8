// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/manager.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace multiprocess::test {

/// What clients of a manager wait with.
struct Waits {
  AcquirerProxy lock;
  AcquirerProxy recursive;
  AcquirerProxy units;
  ConditionProxy condition;
  EventProxy event;
  BarrierProxy barrier;
  QueueProxy<std::uint64_t> queue;
  DictProxy<std::uint64_t, std::uint64_t> tally;  // how often each client has counted

  static constexpr std::size_t count = 8;

  static Waits make(const SyncManager& manager) {
    using namespace std::chrono_literals;
    return {manager.Lock(),
            manager.RLock(),
            manager.Semaphore(2),
            manager.Condition(),
            manager.Event(),
            manager.Barrier(3, 20ms),
            manager.JoinableQueue<std::uint64_t>(5),
            manager.dict<std::uint64_t, std::uint64_t>()};
  }

  /// For clients that connect.
  void publish(const SyncManager& manager) const {
    manager.publish("lock", lock);
    manager.publish("recursive", recursive);
    manager.publish("units", units);
    manager.publish("condition", condition);
    manager.publish("event", event);
    manager.publish("barrier", barrier);
    manager.publish("queue", queue);
    manager.publish("tally", tally);
  }
  static Waits look_up(const SyncManager& manager) {
    return {manager.lookup<AcquirerProxy>("lock"),
            manager.lookup<AcquirerProxy>("recursive"),
            manager.lookup<AcquirerProxy>("units"),
            manager.lookup<ConditionProxy>("condition"),
            manager.lookup<EventProxy>("event"),
            manager.lookup<BarrierProxy>("barrier"),
            manager.lookup<QueueProxy<std::uint64_t>>("queue"),
            manager.lookup<DictProxy<std::uint64_t, std::uint64_t>>("tally")};
  }
};

/// What those who are killed have seen, in a SharedFile.
struct Seen {
  static constexpr std::size_t most = 1 << 16;

  std::array<std::atomic<int>, 3> inside;
  std::atomic<std::uint64_t> next_item;
  std::array<std::atomic<bool>, most> was_put;  // as its putter was told
  std::array<std::atomic<int>, most> taken;
  std::array<std::atomic<std::uint64_t>, most> counted;  // by each client, as it was told
  std::array<std::atomic<std::uint64_t>, most> steps;    // of each client
};

/// Waits with one after the other, for ever; the client is in the tally already. Throws when it
/// sees what cannot be.
[[noreturn]] void wait_for_ever(const Waits& waits, Seen& seen, std::uint64_t client);

/// Uses a manager as a program that connects, until the server has gone. Throws what a client is
/// not to hear then.
void while_served(const Address& server, const std::function<void(const SyncManager&)>& use);

/// After the last of them has gone: all that they held is free, and no item was lost that nobody of
/// `kills` had in his hand, doubled or invented.
void expect_whole(const Waits& waits, Seen& seen, std::uint64_t kills);

}  // namespace multiprocess::test
