// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_handle.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/joinable_queue.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/simple_queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

TEST(QueueHandle, OutcomesBecomePythonsErrors) {
  EXPECT_NO_THROW(require_put(Outcome::done));
  EXPECT_THROW(require_put(Outcome::time_up), Full);
  EXPECT_THROW(require_put(Outcome::ended), ShutDown);
  EXPECT_NO_THROW(require_got(Outcome::done));
  EXPECT_THROW(require_got(Outcome::time_up), Empty);
  EXPECT_THROW(require_got(Outcome::ended), ShutDown);
}

TEST(QueueHandle, TryingTellsByItsResult) {
  EXPECT_TRUE(was_done(Outcome::done));
  EXPECT_FALSE(was_done(Outcome::time_up));
  EXPECT_THROW(was_done(Outcome::ended), ShutDown);
}

TEST(QueueHandle, IsClosedInOneProcess) {
  const SharedRef ref = ItemQueue::create(8, 1, false);
  EXPECT_NO_THROW(require_open(ref));
  EXPECT_THROW(require_closed(ref), AssertionError);
  close_queue(ref);
  EXPECT_THROW(require_open(ref), ValueError);
  EXPECT_NO_THROW(require_closed(ref));
  test::Child child([&ref] {
    EXPECT_NO_THROW(require_open(ref));
    EXPECT_THROW(require_closed(ref), AssertionError);
    close_queue(ref);
    EXPECT_THROW(require_open(ref), ValueError);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

/// What comes of a value of one type that is received as another.
template <class Received, class Sent>
Received send_as(const Sent& value) {
  ScratchBuffer buffer;
  OutputArchive out(*buffer);
  Outgoing beside(true);
  save_value(out, value);
  const Incoming received(beside.refs(), std::move(beside.descriptors()));
  InputArchive in(buffer->bytes());
  return read_value<Received>(in);
}

/// The text of the TypeError.
template <class Received, class Sent>
std::string refusal(const Sent& value) {
  try {
    send_as<Received>(value);
  } catch (const TypeError& error) {
    return error.what();
  }
  return "none";
}

TEST(QueueHandle, IsReceivedForItsKindOnly) {
  const Queue<int> queue;
  const Lock lock;
  const auto before = test::use_now();
  EXPECT_EQ(send_as<Queue<int>>(queue), queue);
  EXPECT_EQ(send_as<Lock>(lock), lock);
  EXPECT_EQ(refusal<Lock>(queue), "the message holds a queue, not a lock");
  EXPECT_EQ(refusal<Queue<int>>(lock), "the message holds a lock, not a queue");
  const os::Pipe pipe = os::make_pipe();
  EXPECT_EQ(refusal<Queue<int>>(Fd::duplicate(static_cast<int>(pipe.read.get()))),
            "the message holds a descriptor, not a queue");
  EXPECT_THROW(send_as<Fd>(queue), TypeError);
  EXPECT_EQ(test::use_now(), before);
}

TEST(QueueHandle, IsReceivedForItsItemsOnly) {
  struct Point {
    double x;
    double y;
  };
  const Queue<int> queue;
  EXPECT_EQ(refusal<Queue<double>>(queue),
            "the message holds a queue of items of another type, not of 'double'");
  EXPECT_NE(refusal<Queue<float>>(queue), "none") << "of the same size";
  EXPECT_NE(refusal<Queue<std::string>>(queue), "none") << "of another form";
  EXPECT_NE(refusal<Queue<>>(queue), "none");
  EXPECT_NE(refusal<Queue<Queue<int>>>(Queue<Queue<double>>()), "none");
  EXPECT_NE((refusal<Queue<std::pair<double, double>>>(Queue<Point>())), "none");
  EXPECT_NO_THROW(send_as<Queue<std::vector<Point>>>(Queue<std::vector<Point>>()));
}

TEST(QueueHandle, IsReceivedForItsKindInsideOfOtherThings) {
  const std::pair both{Queue<int>(), Lock()};
  EXPECT_EQ((send_as<std::pair<Queue<int>, Lock>>(both)), both);
  EXPECT_NE((refusal<std::pair<Lock, Queue<int>>>(both)), "none");
  const Object object(both.first);
  EXPECT_EQ(object.as<Queue<int>>(), both.first);
  EXPECT_THROW(object.as<Queue<double>>(), TypeError);
  EXPECT_THROW(object.as<Lock>(), TypeError);
}

TEST(QueueHandle, OnlyAJoinableQueueIsReceivedAsOne) {
  const JoinableQueue<int> joinable;
  EXPECT_EQ(send_as<JoinableQueue<int>>(joinable), joinable);
  EXPECT_EQ(send_as<Queue<int>>(joinable), joinable) << "as which it may be passed";
  EXPECT_EQ(refusal<JoinableQueue<int>>(Queue<int>()),
            "the queue behind this handle is not a JoinableQueue");
  EXPECT_NE(refusal<JoinableQueue<int>>(Lock()), "none");
  EXPECT_NE(refusal<JoinableQueue<double>>(joinable), "none");
  EXPECT_NE(refusal<SimpleQueue<double>>(SimpleQueue<int>()), "none");
}

TEST(QueueHandle, NoHandleIsReceivedOutOfNothing) {
  constexpr std::uint32_t empty = UINT32_MAX;
  const Incoming nothing;
  InputArchive in(std::as_bytes(std::span(&empty, 1)));
  EXPECT_THROW(read_value<Queue<int>>(in), ValueError);
}

TEST(QueueHandle, NoSizeIsNoLimit) {
  EXPECT_EQ(queue_capacity(0), unlimited);
  EXPECT_EQ(queue_capacity(-1), unlimited);
  EXPECT_EQ(queue_capacity(std::numeric_limits<std::ptrdiff_t>::min()), unlimited);
  EXPECT_EQ(queue_capacity(1), 1U);
  constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();
  EXPECT_EQ(queue_capacity(most), static_cast<std::uint64_t>(most));
}

TEST(QueueHandle, ACountIsAnyIntegerThatFits) {
  EXPECT_EQ(count(5), 5);
  EXPECT_EQ(count(7U), 7);
  EXPECT_EQ(count(-3L), -3);
  EXPECT_THROW(count(~0ULL), ValueError);
}

}  // namespace
}  // namespace multiprocess::detail
