// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::test {

/// What Queue, JoinableQueue and SimpleQueue have in common: `Of<T>::type` is one of them with
/// items of type T, `Of<T>::name` its name in Python.
template <class Kind>
class QueueLike : public testing::Test {
 protected:
  template <class T>
  using Of = typename Kind::template Of<T>;
};
TYPED_TEST_SUITE_P(QueueLike);

TYPED_TEST_P(QueueLike, IsAHandle) {
  using Q = typename TypeParam::template Of<int>;
  static_assert(std::is_nothrow_copy_constructible_v<Q> && std::is_default_constructible_v<Q>);
  static_assert(sendable<Q> && sizeof(Q) == sizeof(detail::SharedRef));
  const Q queue;
  Q copy = queue;
  EXPECT_EQ(copy, queue);
  EXPECT_NE(copy, Q());
  copy.put(1);
  EXPECT_EQ(queue.get(), 1);
  const Q moved = std::move(copy);
  EXPECT_EQ(moved, queue);
  copy = Q();
  EXPECT_NE(copy, queue);
}

TYPED_TEST_P(QueueLike, KeepsTheOrder) {
  const typename TypeParam::template Of<int> queue;
  EXPECT_TRUE(queue.empty());
  for (int i = 0; i < 5000; ++i) {
    queue.put(i);
  }
  EXPECT_FALSE(queue.empty());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(queue.get(), i);
  }
  EXPECT_TRUE(queue.empty());
}

TYPED_TEST_P(QueueLike, WaitsForItems) {
  const typename TypeParam::template Of<std::string> queue;
  std::string all;
  {
    const std::jthread putter([&queue] {
      for (std::size_t i = 0; i < 200; ++i) {
        queue.put(std::string(i * 7 % 300, 'x'));
      }
    });
    for (int i = 0; i < 200; ++i) {
      all += queue.get();
    }
  }
  std::size_t size = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    size += i * 7 % 300;
  }
  EXPECT_EQ(all.size(), size);
}

TYPED_TEST_P(QueueLike, PrintsAsInPython) {
  const typename TypeParam::template Of<Object> queue;
  const std::string text = fmt::format("{}", queue);
  const std::string begin = fmt::format("<multiprocess.queues.{} object at 0x", TypeParam::name);
  EXPECT_TRUE(text.starts_with(begin)) << text;
  std::ostringstream stream;
  stream << queue;
  EXPECT_EQ(stream.str(), text);
}

TYPED_TEST_P(QueueLike, OfObjectsHoldsAllSortsOfThings) {
  const typename TypeParam::template Of<Object> queue;
  queue.put(1);
  queue.put("text");
  queue.put(queue);
  queue.put(None);
  queue.put(2.5);
  EXPECT_EQ(queue.template get<int>(), 1);
  EXPECT_EQ(queue.template get<std::string>(), "text");
  EXPECT_EQ(queue.template get<typename TypeParam::template Of<Object>>(), queue);
  EXPECT_TRUE(queue.get().is_none());
  EXPECT_THROW(queue.template get<int>(), TypeError);
  EXPECT_TRUE(queue.empty());
}

template <class Q>
struct Enclosing {
  std::vector<Q> queues;
  std::optional<Q> one;
};

TYPED_TEST_P(QueueLike, TravelsInWhateverIsSent) {
  using Q = typename TypeParam::template Of<int>;
  for (const StartMethod method : tested_start_methods()) {
    const typename TypeParam::template Of<Enclosing<Q>> letters;
    const Q captured;
    const Q passed;
    Process child(
        {.start_method = method},
        [captured, letters](const Q& argument) {
          const Q made;
          made.put(3);
          captured.put(argument.get() + 1);
          letters.put({{made, captured}, made});
        },
        passed);
    child.start();
    passed.put(1);
    EXPECT_TRUE(child.join(plenty));
    EXPECT_EQ(captured.get(), 2);
    const Enclosing<Q> letter = letters.get();
    EXPECT_EQ(letter.queues.at(0), letter.one);
    EXPECT_EQ(letter.queues.at(1), captured);
    EXPECT_EQ(letter.one->get(), 3) << "it outlives the child that made it";
  }
  detail::stop_server();
}

TYPED_TEST_P(QueueLike, LeavesNothing) {
  const Use before = use_now();
  {
    const typename TypeParam::template Of<std::string> queue;
    for (std::size_t i = 0; i < 3000; ++i) {
      queue.put(std::string(i % 700, 'x'));
    }
    for (int i = 0; i < 1500; ++i) {
      queue.get();
    }
    EXPECT_GT(use_now().parts, before.parts + 1000);
  }
  EXPECT_EQ(use_now().parts, before.parts);
  EXPECT_EQ(use_now().objects, before.objects);
}

REGISTER_TYPED_TEST_SUITE_P(QueueLike, IsAHandle, KeepsTheOrder, WaitsForItems, PrintsAsInPython,
                            OfObjectsHoldsAllSortsOfThings, TravelsInWhateverIsSent, LeavesNothing);

}  // namespace multiprocess::test
