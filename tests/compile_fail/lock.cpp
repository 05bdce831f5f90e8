// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/barrier.hpp>
#include <multiprocess/condition.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/semaphore.hpp>

namespace mp = multiprocess;
using namespace std::chrono_literals;

bool so();

void use(mp::Lock lock, mp::RLock rlock, mp::Semaphore semaphore, mp::Condition condition,
         mp::Event event, mp::Barrier barrier) {
#if CASE == 0
  lock.acquire(5s), lock.acquire(true, 5s), rlock.acquire(5s), semaphore.acquire(5s);
  condition.acquire(5s), condition.wait(5s), condition.wait_for(so, 5s);
  event.wait(5s), barrier.wait(5s);
#elif CASE == 1  // expect: A timeout is a duration: write 5s or 500ms, not 5.
  lock.acquire(5);
#elif CASE == 2  // expect: A timeout is a duration
  lock.acquire(true, 5);
#elif CASE == 3  // expect: A timeout is a duration
  rlock.acquire(0.5);
#elif CASE == 4  // expect: A timeout is a duration
  semaphore.acquire(5);
#elif CASE == 5  // expect: A timeout is a duration
  condition.acquire(5);
#elif CASE == 6  // expect: A timeout is a duration
  condition.wait(5);
#elif CASE == 7  // expect: A timeout is a duration
  condition.wait_for(so, 5);
#elif CASE == 8  // expect: A timeout is a duration
  event.wait(5);
#elif CASE == 9  // expect: A timeout is a duration
  barrier.wait(5);
#endif
}
