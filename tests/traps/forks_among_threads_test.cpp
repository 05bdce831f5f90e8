// SPDX-License-Identifier: BSD-3-Clause
// A process is forked while other threads are in the midst of everything: the child finds no lock
// held by a thread that it does not have.
#include <multiprocess/multiprocess.hpp>

#include "support/forked.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::Forked;
using mp::test::plenty;

namespace {

int twice(int x) {
  return 2 * x;
}

/// What parent and child have in common.
struct World {
  mp::SyncManager manager = mp::Manager();
  mp::DictProxy<std::string, int> dict = manager.dict<std::string, int>({{"a", 0}});
  mp::Queue<int> queue;
  mp::Lock lock;
  mp::Pool pool{1};
  mp::ThreadPool threads{1};
};

/// An inherited pool has no workers in a child: it says so.
template <class Pool>
void use_pool(Pool& pool) {
  try {
    static_cast<void>(pool.map(twice, {1, 2, 3}));
  } catch (const mp::RuntimeError&) {
  }
}

void use_queues(World& world) {
  world.queue.put(1);
  static_cast<void>(world.queue.try_get(1ms));
  const mp::Queue<std::string> own;
  own.put("x");
  own.get();
  const auto [reader, writer] = mp::Pipe(false);
  writer.send(std::string("x"));
  reader.recv<std::string>();
}

void use_locks(World& world) {
  const std::scoped_lock guard(world.lock);
  const mp::Event event;
  event.set();
  event.wait();
  const mp::Value<int> value(1);
  value.with_lock([](int& x) { ++x; });
}

void use_names(World&) {
  auto memory = mp::SharedMemory::create(4096);
  memory.buf()[0] = std::byte{1};
  memory.unlink();
}

void use_manager(World& world) {
  world.dict["a"] += 1;
  mp::SyncManager client(world.manager.address());
  client.connect();
  client.list<int>({1}).append(2);
}

void use_connections(World&) {
  mp::connection::Listener listener({.authkey = "key"});
  std::thread peer(
      [at = listener.address()] { mp::connection::Client(at, {.authkey = "key"}).send(1); });
  listener.accept().recv<int>();
  peer.join();
}

void use_processes(World&) {
  mp::Process child([] {});
  child.start();
  child.join();
  mp::active_children();
}

void use_pools(World& world) {
  use_pool(world.pool);
  use_pool(world.threads);
}

constexpr std::array things{&use_queues,      &use_locks,     &use_names, &use_manager,
                            &use_connections, &use_processes, &use_pools};

/// A program in which two threads do all things in turn while a third one forks.
void run_round(unsigned round, void (*fork_and_wait)(World&, unsigned)) {
  mp::log_to_stderr(mp::ERROR);  // a warning for each fork
  World world;
  std::atomic<bool> over = false;
  const auto be_busy = [&](unsigned first) {
    for (std::size_t i = first; !over; ++i) {
      things[i % things.size()](world);
    }
  };
  std::thread one(be_busy, round);
  std::thread other(be_busy, round + 3);
  for (unsigned i = 0; i < 14; ++i) {
    fork_and_wait(world, i);
  }
  over = true;
  one.join();
  other.join();
}

TEST(ForksAmongThreads, ProcessesDoAllThatTheirParentDoes) {
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not follow a fork among threads";
  }
  for (unsigned round = 0; round < 10; ++round) {
    Forked program([round] {
      run_round(round, [](World& world, unsigned i) {
        mp::Process child(mp::ProcessOptions{.start_method = mp::StartMethod::fork},
                          mp::fork_only([&world, i] { things[i % things.size()](world); }));
        child.start();
        if (!child.join(plenty) || child.exitcode() != 0) {
          _exit(3);
        }
      });
    });
    EXPECT_TRUE(program.succeeds());
  }
}

TEST(ForksAmongThreads, SoDoPlainForks) {
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not follow a fork among threads";
  }
  for (unsigned round = 0; round < 10; ++round) {
    Forked program([round] {
      run_round(round, [](World& world, unsigned i) {
        Forked child([&world, i] {
          things[i % things.size()](world);
          // and _exit: the C library itself may be left with the lock of its exit functions held
        });
        if (!child.succeeds()) {
          _exit(3);
        }
      });
    });
    EXPECT_TRUE(program.succeeds());
  }
}

/// What a process keeps of its own kind is made when it starts its first one.
TEST(ForksAmongThreads, ProcessesMayBeTheFirstOfTheirProgram) {
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not follow a fork among threads";
  }
  const auto start_one = [] {
    mp::Process child([] {});
    child.start();
    child.join();
  };
  for (unsigned round = 0; round < 100; ++round) {
    Forked program([&start_one] {
      std::atomic<bool> begun = false;
      std::thread other([&] {
        begun = true;
        start_one();
      });
      while (!begun) {
      }
      Forked child(start_one);
      if (!child.succeeds()) {
        _exit(3);
      }
      other.join();
    });
    ASSERT_TRUE(program.succeeds()) << round;
  }
}

}  // namespace
