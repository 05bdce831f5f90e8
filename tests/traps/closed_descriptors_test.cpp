// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>

#include "support/forked.hpp"
#include "support/keeper.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

// Programs close what they do not know (closefrom, daemon), and run out of descriptors.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

void require(bool condition, const char* what) {
  if (!condition) {
    throw std::runtime_error(what);
  }
}

void nothing() {}

std::string error_of_start(StartMethod method) {
  ProcessOptions options;
  options.start_method = method;
  try {
    Process process(options, &nothing);
    process.start();
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "";
}

void send_and_receive(const Queue<std::vector<std::byte>>& queue, std::size_t size) {
  const std::vector<std::byte> bytes(size, std::byte{7});
  queue.put(bytes);
  require(queue.get() == bytes, "what comes out is what went in");
}

TEST(ClosedDescriptors, SharedObjectsNeedNone) {
  const Lock lock;
  const Queue<std::vector<std::byte>> queue;
  queue.put(std::vector<std::byte>(100));
  Forked child([&] {
    closefrom(3);
    require(lock.acquire(0s), "a lock can be taken");
    lock.release();
    require(queue.get().size() == 100, "an item can be got");
    const Lock fresh;
    const Queue<int> another;
    for (int i = 0; i < 100'000; ++i) {
      another.put(i);
    }
    send_and_receive(queue, std::size_t{64} << 20);  // memory that was never used before
  });
  EXPECT_TRUE(child.succeeds());
}

TEST(ClosedDescriptors, AForkStillWorks) {
  const Queue<int> queue;
  Forked child([&] {
    closefrom(3);
    ProcessOptions options;
    options.start_method = StartMethod::fork;
    Process process(options, [queue] { queue.put(42); });
    process.start();
    process.join();
    require(process.exitcode() == 0, "it ends well");
  });
  EXPECT_TRUE(child.succeeds());
  EXPECT_EQ(queue.try_get(), 42);
}

TEST(ClosedDescriptors, ChildrenEndAndTheirParentGoesOn) {
  const Queue<int> queue;
  Forked child([&] {
    ProcessOptions options;
    options.start_method = StartMethod::fork;
    const auto wait = [queue] { queue.get(); };
    Process first(options, wait);
    Process second(options, wait);
    first.start();
    second.start();
    const int sentinel = dup2(second.sentinel().fileno(), 200);
    close_range(3, 199, 0);
    const int foreign = open("/dev/null", O_RDONLY);
    require(detail::os::wait_ended(sentinel, Timeout(5s).deadline()), "it lost its life line");
    queue.put(1);
    require(queue.get(0s) == 1, "nobody else takes it");
    Process third(options, [queue] { queue.put(2); });
    third.start();
    require(queue.get(5s) == 2, "a new child works");
    third.join();
    require(third.exitcode() == 0, "and follows a new life line");
    require(fcntl(foreign, F_GETFD) != -1, "nobody closes what is not ours");
    std::_Exit(0);
  });
  EXPECT_TRUE(child.succeeds());
}

TEST(ClosedDescriptors, SpawnSaysWhyItCannot) {
  const Lock lock;
  Forked child([&] {
    closefrom(3);
    const std::string error = error_of_start(StartMethod::spawn);
    require(error.find("descriptor of the shared arena was closed") != std::string::npos,
            error.c_str());
    // Somebody else's file under the same number is not handed over as the arena.
    for (int i = 0; i < 20; ++i) {
      open("/dev/null", O_RDONLY);
    }
    require(error_of_start(StartMethod::spawn) == error, "it looks at what the number means now");
  });
  EXPECT_TRUE(child.succeeds());
}

std::string error_of_put(const Queue<Fd>& queue) {
  try {
    queue.put(Fd::duplicate(STDERR_FILENO));
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "";
}

TEST(ClosedDescriptors, DescriptorsOnQueuesNeedTheArenasOnlyToStartTheirKeeper) {
  const Queue<Fd> queue;
  queue.put(Fd::duplicate(STDERR_FILENO));
  Forked child([&] {
    closefrom(3);
    require(thing(queue.get().fileno()) == thing(STDERR_FILENO), "it is there");
    require(error_of_put(queue).empty(), "another one may follow");
    kill_keeper();
    require(
        error_of_put(queue).find("descriptor of the shared arena was closed") != std::string::npos,
        "it says why it cannot");
  });
  EXPECT_TRUE(child.succeeds());
}

/// From now on no descriptor can be opened.
void use_up_descriptors() {
  const rlimit few{64, 64};
  setrlimit(RLIMIT_NOFILE, &few);
  while (open("/dev/null", O_RDONLY) >= 0) {
  }
}

TEST(ClosedDescriptors, WithoutAnyToSpareLocksAndQueuesWork) {
  const Lock lock;
  const Queue<std::vector<std::byte>> queue;
  Forked child([&] {
    use_up_descriptors();
    require(lock.acquire(0s), "a lock can be taken");
    lock.release();
    send_and_receive(queue, 100);
    send_and_receive(queue, std::size_t{32} << 20);
    const std::vector<Lock> many(1000);
  });
  EXPECT_TRUE(child.succeeds());
}

TEST(ClosedDescriptors, WithoutAnyToSpareADeathIsNoticed) {
  const Lock lock;
  Forked holder([&] {
    lock.acquire();
    raise(SIGKILL);
  });
  holder.wait();
  Forked child([&] {
    use_up_descriptors();
    require(lock.acquire(5s), "the lock of somebody dead can be taken");
    require(lock.owner_died(), "which is told");
  });
  EXPECT_TRUE(child.succeeds());
}

}  // namespace
}  // namespace multiprocess::test
