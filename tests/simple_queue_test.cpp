// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/simple_queue.hpp>

#include <multiprocess/error.hpp>

#include "contract/queue_like.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <type_traits>

namespace mp = multiprocess;

namespace {

struct Simple {
  template <class T>
  using Of = mp::SimpleQueue<T>;
  static constexpr const char* name = "SimpleQueue";
};

static_assert(std::is_same_v<decltype(mp::SimpleQueue()), mp::SimpleQueue<mp::Object>>);

/// Whatever the operation, it is refused by the error of a closed handle.
template <class F>
void expect_closed(F operation) {
  try {
    operation();
    ADD_FAILURE() << "not refused";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
    EXPECT_TRUE(std::string(error.what()).starts_with("handle is closed")) << error.what();
  }
}

void expect_all_closed(const mp::SimpleQueue<int>& queue) {
  expect_closed([&] { queue.put(1); });
  expect_closed([&] { queue.get(); });
  expect_closed([&] { static_cast<void>(queue.empty()); });
}

TEST(SimpleQueue, IsOfNoUseOnceClosed) {
  const mp::SimpleQueue<int> used;
  used.put(1);
  const mp::SimpleQueue<int> copy = used;
  used.close();
  expect_all_closed(used);
  expect_all_closed(copy);
  used.close();
  expect_all_closed(used);
}

TEST(SimpleQueue, IsClosedEvenIfItWasNeverUsed) {
  const mp::SimpleQueue<int> queue;
  queue.close();
  expect_all_closed(queue);
  EXPECT_EQ(queue, queue);
  EXPECT_FALSE(fmt::format("{}", queue).empty());
}

TEST(SimpleQueue, IsClosedForThisProcessAlone) {
  const mp::SimpleQueue<int> queue;
  queue.put(1);
  queue.close();
  mp::test::Child child([&queue] {
    EXPECT_EQ(queue.get(), 1);
    queue.put(2);
    queue.close();
    expect_all_closed(queue);
  });
  EXPECT_EQ(child.wait(), 0);
  mp::test::notice_deaths();
}

TEST(SimpleQueue, PutNeverWaits) {
  const mp::SimpleQueue<std::string> queue;
  for (int i = 0; i < 300; ++i) {
    queue.put(std::string(10'000, 'x'));
  }
  EXPECT_FALSE(queue.empty());
}

struct Unwilling {
  template <class Archive>
  void save(Archive&) const {
    throw mp::ValueError("not me");
  }
  template <class Archive>
  void load(Archive&) {}
};

TEST(SimpleQueue, TheErrorsOfItemsAreThePutters) {
  const mp::SimpleQueue<Unwilling> queue;
  EXPECT_THROW(queue.put({}), mp::ValueError);
  EXPECT_TRUE(queue.empty());
}

}  // namespace

namespace multiprocess::test {
INSTANTIATE_TYPED_TEST_SUITE_P(Simple, QueueLike, ::Simple);
}
