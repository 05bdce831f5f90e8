// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/timeout.hpp>

#include <string>

namespace mp = multiprocess;
using namespace std::chrono_literals;

void use(mp::JoinableQueue<std::string> q) {
#if CASE == 0
  q.get(), q.get(true), q.get(false), q.get(5s), q.get(true, 0.5s), q.get(std::nullopt);
  q.put("x", 5s), q.put("x", false), q.put("x", true, 500ms), q.join(1h), q.join();
  q.try_get(5s), q.try_put("x", 5s);
#elif CASE == 1   // expect: A timeout is a duration: write 5s or 500ms, not 5.
  q.get(5);
#elif CASE == 2   // expect: A timeout is a duration
  q.get(true, 0.5);
#elif CASE == 3   // expect: A timeout is a duration
  q.put("x", "s");
#elif CASE == 4   // expect: A timeout is a duration
  q.put("x", 5);
#elif CASE == 5   // expect: A timeout is a duration
  q.join(5);
#elif CASE == 6   // expect: A timeout is a duration
  q.get(nullptr);
#elif CASE == 7   // expect: Block
  q.get(1, 5s);
#elif CASE == 8   // expect: A timeout is a duration
  mp::Timeout five = 5L;
#elif CASE == 9   // expect: Timeout
  q.join(true);
#elif CASE == 10  // expect: A timeout is a duration
  q.try_get(5);
#elif CASE == 11  // expect: A timeout is a duration
  q.try_put("x", 5);
#endif
}
