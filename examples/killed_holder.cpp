// SPDX-License-Identifier: BSD-3-Clause
// A process is killed while it holds a lock. The next one gets the lock at once, is told, and puts
// in order what the dead one has left behind.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <mutex>

namespace mp = multiprocess;

/// Two numbers that are equal whenever nobody holds the lock.
struct Twins {
  mp::RLock lock;  // recursive: a function that holds it may call others that take it
  mp::Queue<int> left;
  mp::Queue<int> right;

  void add_left() const {
    const std::scoped_lock guard(lock);
    left.put(1);
  }
  void add_right() const {
    const std::scoped_lock guard(lock);
    right.put(1);
  }
  void add() const {
    const std::scoped_lock guard(lock);
    add_left();
    add_right();
  }
};

/// Says that it is half done, and waits to be killed.
void add_half(const Twins& twins, const mp::Event& half_done) {
  const std::scoped_lock guard(twins.lock);
  twins.add_left();
  half_done.set();
  mp::Event().wait();
}

int main() {
  const Twins twins;
  twins.add();

  const mp::Event half_done;
  mp::Process victim(add_half, twins, half_done);
  victim.start();
  half_done.wait();
  victim.kill();

  const std::scoped_lock guard(twins.lock);
  fmt::print("{} and {}\n", twins.left.qsize(), twins.right.qsize());
  if (twins.lock.owner_died()) {
    twins.add_right();
    fmt::print("mended: {} and {}\n", twins.left.qsize(), twins.right.qsize());
  }
  victim.join();
}
