// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <thread>

// Static objects, and those of a thread, may use the library when the library's own objects of that
// thread have been destroyed already.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

using Item = std::map<std::string, std::string>;

/// Uses both that a thread keeps for itself: memory to encode in, and a place to sleep at.
void use(const Queue<Item>& queue) {
  queue.put({{"key", std::string(5000, 'x')}});
  queue.get();
  EXPECT_THROW(queue.get(1ms), Empty);
}

struct Late {
  std::optional<Queue<Item>> queue;
  ~Late() {
    if (queue) {
      use(*queue);
      queue->put({{"key", "value"}});
    }
  }
};

TEST(LastSteps, OfAThread) {
  const Queue<Item> queue;
  std::thread([&queue] {
    thread_local Late late;  // before the library's, so that it is destroyed after them
    late.queue = queue;
    use(queue);
  }).join();
  EXPECT_EQ(queue.get(plenty).at("key"), "value");
}

TEST(LastSteps, OfAProgram) {
  const Queue<Item> queue;
  Process child(
      {.start_method = StartMethod::spawn},
      [](const Queue<Item>& out) {
        static Late late;
        late.queue = out;
        use(out);
      },
      queue);
  child.start();
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
  EXPECT_EQ(queue.get(plenty).at("key"), "value");
}

}  // namespace
}  // namespace multiprocess::test
