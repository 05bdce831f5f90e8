// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;
using mp::test::use_now;

namespace {

class QueueProcesses : public mp::test::StartMethods {
 protected:
  static void join(std::vector<mp::Process>& processes) {
    for (mp::Process& process : processes) {
      process.join(plenty);
      EXPECT_EQ(process.exitcode(), 0);
    }
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(QueueProcesses);

struct Numbered {
  int producer;
  int number;
};

void produce(const mp::Queue<Numbered>& queue, int producer, int count) {
  for (int i = 0; i < count; ++i) {
    queue.put({producer, i});
  }
}

void consume(const mp::Queue<Numbered>& queue, const mp::Queue<long>& sums, int producers) {
  std::vector<int> last(static_cast<std::size_t>(producers), -1);
  long sum = 0;
  for (const Numbered item : queue) {
    int& before = last.at(static_cast<std::size_t>(item.producer));
    require(item.number > before);  // in the order in which its producer put them
    before = item.number;
    sum += item.number + 1;
  }
  sums.put(sum);
}

TEST_P(QueueProcesses, ManyPutAndManyGet) {
  constexpr int each = 10'000;
  for (const std::ptrdiff_t size : {0, 10}) {
    const mp::Queue<Numbered> queue(size);
    const mp::Queue<long> sums;
    std::vector<mp::Process> producers;
    std::vector<mp::Process> consumers;
    for (int i = 0; i < 2; ++i) {
      producers.push_back(start(&produce, queue, i, each));
      consumers.push_back(start(&consume, queue, sums, 3));
    }
    produce(queue, 2, each);
    join(producers);
    queue.shutdown();
    EXPECT_EQ(sums.get(plenty) + sums.get(plenty), 3L * each * (each + 1) / 2);
    join(consumers);
  }
}

struct Order {
  std::string text;
  std::vector<int> numbers;
  std::map<std::string, double> more;
  mp::Queue<std::string> answers;
  std::optional<mp::Lock> lock;
};

void serve(const mp::Queue<Order>& orders) {
  for (const Order& order : orders) {
    require(order.numbers.size() == 3 && order.more.at("pi") > 3);
    require(order.lock && order.lock->locked());
    order.answers.put(order.text + "!");
  }
}

TEST_P(QueueProcesses, AnswersComeOnQueuesInsideTheItems) {
  const mp::Queue<Order> orders;
  mp::Process server = start(&serve, orders);
  const mp::Lock lock;
  lock.acquire();
  for (int i = 0; i < 50; ++i) {
    const mp::Queue<std::string> answers;
    orders.put({std::to_string(i), {1, 2, 3}, {{"pi", 3.14}}, answers, lock});
    EXPECT_EQ(answers.get(plenty), std::to_string(i) + "!");
  }
  orders.shutdown();
  server.join(plenty);
  EXPECT_EQ(server.exitcode(), 0);
}

TEST_P(QueueProcesses, AChildMayEndBeforeItsItemsAreTaken) {
  const mp::Queue<std::string> texts;
  const mp::Queue<std::vector<std::byte>> bytes;
  EXPECT_EQ(
      exitcode_of(
          [](const mp::Queue<std::string>& small, const mp::Queue<std::vector<std::byte>>& large) {
            for (int i = 0; i < 2000; ++i) {
              small.put(std::string(static_cast<std::size_t>(i % 200), 'x'));
            }
            large.put(std::vector<std::byte>(5 << 20, std::byte{7}));
          },
          texts, bytes),
      0);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(texts.get_nowait().size(), static_cast<std::size_t>(i % 200));
  }
  EXPECT_TRUE(bytes.get_nowait() == std::vector<std::byte>(5 << 20, std::byte{7}));
}

TEST_P(QueueProcesses, AQueueOutlivesTheChildThatMadeIt) {
  const auto objects = use_now().objects;
  {
    const mp::Queue<mp::Queue<std::string>> results;
    EXPECT_EQ(exitcode_of(
                  [](const mp::Queue<mp::Queue<std::string>>& out) {
                    const mp::Queue<std::string> mine;
                    mine.put(std::string(1000, 'a'));
                    mine.put("b");
                    out.put(mine);
                  },
                  results),
              0);
    EXPECT_EQ(use_now().objects, objects + 2);
    const mp::Queue<std::string> theirs = results.get();
    EXPECT_EQ(theirs.get(), std::string(1000, 'a'));
    EXPECT_EQ(theirs.get(), "b");
  }
  EXPECT_EQ(use_now().objects, objects);
}

TEST_P(QueueProcesses, WorkIsSentAsFunctions) {
  const mp::Queue<mp::Function<int(int)>> work;
  const mp::Queue<int> results;
  const mp::Lock lock;
  mp::Process worker = start([work, results] {
    for (const auto& f : work) {
      results.put(f(10));
    }
  });
  work.put([](int x) { return x * x; });
  work.put([lock, results, k = 5](int x) {
    const std::scoped_lock guard(lock);
    results.put(-1);
    return x + k;
  });
  EXPECT_EQ(results.get(plenty), 100);
  EXPECT_EQ(results.get(plenty), -1);
  EXPECT_EQ(results.get(plenty), 15);
  work.shutdown();
  worker.join(plenty);
  EXPECT_FALSE(lock.locked());
}

TEST_P(QueueProcesses, AllSortsOfObjectsGoBothWays) {
  const mp::Queue<> there;
  const mp::Queue<> back;
  mp::Process echo = start([there, back] {
    for (const mp::Object& object : there) {
      back.put(object);
    }
  });
  there.put(1);
  there.put("two");
  there.put(std::vector<std::string>(300, "three"));
  there.put(back);
  there.put(mp::None);
  EXPECT_EQ(back.get<int>(plenty), 1);
  EXPECT_EQ(back.get<std::string>(plenty), "two");
  EXPECT_EQ(back.get<std::vector<std::string>>(plenty).size(), 300U);
  EXPECT_EQ(back.get<mp::Queue<>>(plenty), back);
  EXPECT_TRUE(back.get(plenty).is_none());
  there.shutdown();
  echo.join(plenty);
}

TEST_P(QueueProcesses, LargeItemsAreCopiedWhileTheyAreSent) {
  const mp::Queue<std::vector<std::array<int, 3>>> queue(1);
  mp::Process sender = start([queue] {
    for (int i = 0; i < 10; ++i) {
      queue.put(std::vector<std::array<int, 3>>(400'000, {i, i, i}));
    }
  });
  for (int i = 0; i < 10; ++i) {
    const auto items = queue.get(plenty);
    ASSERT_EQ(items.size(), 400'000U);
    ASSERT_TRUE(std::all_of(items.begin(), items.end(), [i](const auto& item) {
      return item == std::array<int, 3>{i, i, i};
    }));
  }
  sender.join(plenty);
}

TEST_P(QueueProcesses, FullEmptyAndClosedAreToldInTheChildToo) {
  const mp::Queue<int> queue(1);
  const mp::Queue<int> closed;
  closed.close();
  EXPECT_EQ(exitcode_of([queue, closed] {
              const auto throws = [](auto expected, auto call) {
                try {
                  call();
                } catch (const decltype(expected)&) {
                  return true;
                }
                return false;
              };
              require(throws(mp::Empty(""), [&] { queue.get(10ms); }));
              queue.put(1);
              require(queue.full() && queue.qsize() == 1);
              require(throws(mp::Full(""), [&] { queue.put(2, 10ms); }));
              queue.close();
              require(throws(mp::ValueError(""), [&] { queue.get(); }));
              closed.put(1);  // it was closed for its parent alone
            }),
            0);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_EQ(closed.qsize(), 1);
}

TEST_P(QueueProcesses, AKilledGetterTakesNoWakeUpWithIt) {
  const mp::Queue<int> queue;
  std::vector<mp::Process> getters;
  for (int i = 0; i < 3; ++i) {
    getters.push_back(start([queue] { queue.get(); }));
  }
  getters[0].kill();
  getters[0].join(plenty);
  for (int i = 0; i < 2; ++i) {
    queue.put(i);
  }
  EXPECT_TRUE(getters[1].join(plenty));
  EXPECT_TRUE(getters[2].join(plenty));
}

TEST_P(QueueProcesses, UniquePointersAndNestedContainersCross) {
  using Item = std::vector<std::unique_ptr<std::map<int, std::string>>>;
  const mp::Queue<Item> queue;
  EXPECT_EQ(exitcode_of([queue] {
              Item item;
              item.push_back(std::make_unique<std::map<int, std::string>>());
              item.back()->emplace(1, "one");
              item.push_back(nullptr);
              queue.put(item);
            }),
            0);
  const Item item = queue.get();
  ASSERT_EQ(item.size(), 2U);
  EXPECT_EQ(item[0]->at(1), "one");
  EXPECT_EQ(item[1], nullptr);
}

TEST_P(QueueProcesses, LeaveNothing) {
  EXPECT_EQ(exitcode_of([] {}), 0);  // what a start method makes at its first use
  const auto before = use_now();
  {
    const mp::Queue<Order> orders;
    const mp::Queue<mp::Queue<int>> queues(2);
    std::vector<mp::Process> children;
    for (int i = 0; i < 3; ++i) {
      children.push_back(start([orders, queues] {
        orders.put({"text", {}, {}, {}, mp::Lock()});
        mp::Queue<int> inner = queues.get();
        for (int k = 0; k < 5000; ++k) {
          inner.put(k);
        }
      }));
      queues.put({});
    }
    join(children);
    EXPECT_EQ(orders.qsize(), 3);
  }
  EXPECT_EQ(use_now().objects, before.objects);
  EXPECT_EQ(use_now().parts, before.parts);
}

}  // namespace
