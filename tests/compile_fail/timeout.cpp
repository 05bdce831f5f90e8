// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/timeout.hpp>

#include <string>

namespace mp = multiprocess;
using namespace std::chrono_literals;

/// The overloads that blocking calls have.
struct Queue {
  int get(mp::Block = true, mp::Timeout = mp::forever);
  int get(mp::Timeout);
  void put(std::string, mp::Block = true, mp::Timeout = mp::forever);
  void put(std::string, mp::Timeout);
  bool join(mp::Timeout = mp::forever);
};

void use(Queue q) {
#if CASE == 0
  q.get(), q.get(true), q.get(false), q.get(5s), q.get(true, 0.5s), q.get(std::nullopt);
  q.put("x", 5s), q.put("x", false), q.put("x", true, 500ms), q.join(1h), q.join();
#elif CASE == 1  // expect: A timeout is a duration: write 5s or 500ms, not 5.
  q.get(5);
#elif CASE == 2  // expect: A timeout is a duration
  q.get(true, 0.5);
#elif CASE == 3  // expect: A timeout is a duration
  q.put("x", "s");
#elif CASE == 4  // expect: A timeout is a duration
  q.join(5);
#elif CASE == 5  // expect: A timeout is a duration
  q.get(nullptr);
#elif CASE == 6  // expect: Block
  q.get(1, 5s);
#elif CASE == 7  // expect: A timeout is a duration
  mp::Timeout five = 5L;
#elif CASE == 8  // expect: Timeout
  q.join(true);
#endif
}
