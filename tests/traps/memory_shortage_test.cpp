// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/manager.hpp>

#include "support/forked.hpp"
#include "support/full_arena.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

// In the smallest arena there is, everything runs out soon: with an exception at the call, and
// what is there goes on working.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

const bool arena_is_small = setenv("MULTIPROCESS_RESERVE", "16777216", 1) == 0;

using Bytes = std::vector<std::byte>;

template <class T, class Make>
std::size_t put_until_full(const Queue<T>& queue, Make make) {
  std::size_t items = 0;
  try {
    while (true) {
      queue.put(make(items));
      ++items;
    }
  } catch (const std::bad_alloc&) {
  }
  return items;
}

std::size_t locks_until_full() {
  std::vector<Lock> locks;
  try {
    while (true) {
      locks.emplace_back();
    }
  } catch (const std::bad_alloc&) {
  }
  return locks.size();
}

TEST(MemoryShortage, APutThatFindsNoneThrowsAndTheQueueGoesOn) {
  const Queue<Bytes> queue;
  for (int round = 0; round < 3; ++round) {
    const std::size_t items =
        put_until_full(queue, [](std::size_t) { return Bytes(100'000, std::byte{1}); });
    EXPECT_GT(items, 20);
    ASSERT_EQ(queue.qsize(), items);
    for (std::size_t i = 0; i < items; ++i) {
      ASSERT_EQ(queue.get(1s), Bytes(100'000, std::byte{1}));
    }
  }
}

TEST(MemoryShortage, SegmentsOfAQueueRunOutToo) {
  const Queue<std::size_t> queue;
  for (int round = 0; round < 3; ++round) {
    const std::size_t items = put_until_full(queue, [](std::size_t i) { return i; });
    EXPECT_GT(items, 100'000);
    for (std::size_t i = 0; i < items; ++i) {
      ASSERT_EQ(queue.get(1s), i);
    }
  }
}

TEST(MemoryShortage, LocksRunOutAndCanBeMadeAgain) {
  const std::size_t most = locks_until_full();
  EXPECT_GT(most, 50'000);
  EXPECT_GT(locks_until_full(), most / 2);
  const Queue<int> queue;
  queue.put(1);
  EXPECT_EQ(queue.get(), 1);
}

TEST(MemoryShortage, OtherProcessesGoOnWithWhatTheyHave) {
  const Queue<std::size_t> full;
  const Queue<int> in_use;
  const Lock lock;
  in_use.put(1);
  in_use.get();
  const std::size_t items = put_until_full(full, [](std::size_t i) { return i; });
  Forked other([&] {
    for (int i = 0; i < 100; ++i) {
      lock.acquire();
      in_use.put(i);
      lock.release();
      if (in_use.get() != i || full.get() != static_cast<std::size_t>(i)) {
        throw std::runtime_error("what was there does not work");
      }
    }
  });
  EXPECT_TRUE(other.succeeds());
  EXPECT_EQ(full.qsize(), items - 100);
}

TEST(MemoryShortage, AnItemLargerThanEverythingIsRefused) {
  const Queue<Bytes> queue;
  const Bytes large(std::size_t{20} << 20);
  EXPECT_ANY_THROW(queue.put(large));
  EXPECT_TRUE(queue.empty());
  queue.put(Bytes(10));
  EXPECT_EQ(queue.get().size(), 10);
}

TEST(MemoryShortage, WhatAKilledProcessHadIsThereAgain) {
  const Lock lock;
  Forked glutton([&] {
    lock.acquire();
    const Queue<Bytes> queue;
    put_until_full(queue, [](std::size_t) { return Bytes(100'000); });
    raise(SIGKILL);
  });
  glutton.wait();
  const Queue<Bytes> queue;
  const auto end = std::chrono::steady_clock::now() + 10s;
  std::size_t put = 0;
  while (put < 20 && std::chrono::steady_clock::now() < end) {
    try {
      queue.put(Bytes(100'000));
      ++put;
    } catch (const std::bad_alloc&) {
      detail::check_everybody();
    }
  }
  EXPECT_EQ(put, 20);
}

TEST(MemoryShortage, AProxyThatCannotBeReceivedIsGivenBack) {
  using Words = std::vector<std::uint64_t>;
  constexpr const char* key = "the key of the test";
  constexpr std::uint64_t object = 7;
  connection::Listener listener(Address("127.0.0.1", 0), {.authkey = key, .strict = true});
  std::vector<std::byte> given_back;
  std::jthread server([&] {
    const Connection main = listener.accept(5s);
    const Connection line = listener.accept(5s);
    for (int messages = 0; messages < 2; ++messages) {  // who it is, and the call
      line.recv_bytes();
    }
    constexpr std::uint64_t any_type = 1;
    line.send_bytes(Words{1, object, any_type, 0, 0});
    given_back = line.recv_bytes();
    main.recv_bytes();
    EXPECT_THROW(main.recv_bytes(), EOFError) << "it has no proxies any more";
  });
  {
    SyncManager client(listener.address(), key);
    client.connect();
    std::vector<detail::Offset> all;
    for (std::size_t size = std::size_t{1} << 20; size >= 32; size /= 2) {
      const auto blocks = blocks_until_full(size);
      all.insert(all.end(), blocks.begin(), blocks.end());
    }
    EXPECT_THROW(client.list<int>(), std::bad_alloc);
    free_all(all);
  }
  server.join();
  ASSERT_EQ(given_back.size(), 5 * sizeof(std::uint64_t));
  Words words(5);
  std::memcpy(words.data(), given_back.data(), given_back.size());
  EXPECT_EQ(words,
            (Words{0, 0, static_cast<std::uint64_t>(detail::ManagerMethod::drop), 1, object}));
}

TEST(MemoryShortage, NothingIsLeftBehindByTheFailures) {
  detail::return_magazines();
  const detail::HeapUse use = detail::heap_use();
  EXPECT_EQ(use.objects, 0);
  EXPECT_EQ(use.parts, 0);
}

}  // namespace
}  // namespace multiprocess::test
