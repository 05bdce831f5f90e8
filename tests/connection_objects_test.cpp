// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/stream_pair.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

namespace mp = multiprocess;
using mp::test::use_now;
using namespace std::string_literals;

namespace {

using Ends = std::pair<mp::Connection, mp::Connection>;

/// Of a pipe and of a stream: values cross them alike.
class ConnectionObjects : public testing::TestWithParam<Ends (*)()> {
 protected:
  template <class T>
  void expect_crosses(const T& value) const {
    const std::jthread sender([&] { there_.send(value); });  // a stream may not take all of it
    EXPECT_EQ(here_.recv<T>(), value);
  }

  Ends ends_ = GetParam()();
  const mp::Connection& here_ = ends_.first;
  const mp::Connection& there_ = ends_.second;
};
INSTANTIATE_TEST_SUITE_P(PipeAndStream, ConnectionObjects,
                         testing::Values([] { return mp::Pipe(); }, &mp::test::make_stream_pair));

struct Person {
  std::string name;
  int age = 0;
  std::map<std::string, double> scores = {};
  bool operator==(const Person&) const = default;
};

enum class Color { red, green };

TEST_P(ConnectionObjects, ValuesOfAllSorts) {
  expect_crosses(42);
  expect_crosses(-1.5);
  expect_crosses('c');
  expect_crosses(true);
  expect_crosses(~0ULL);
  expect_crosses(Color::green);
  expect_crosses("text"s);
  expect_crosses(std::string(100'000, 'x'));
  expect_crosses(std::vector{1, 2, 3});
  expect_crosses(std::vector<std::string>{"a", "", "b"});
  expect_crosses(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  expect_crosses(std::set{3, 1, 2});
  expect_crosses(std::optional<int>());
  expect_crosses(std::optional("text"s));
  expect_crosses(std::tuple(1, "two"s, 3.0));
  expect_crosses(std::variant<int, std::string>("text"));
  expect_crosses(Person{"Ada", 36, {{"notes", 7.5}}});
  expect_crosses(std::vector<Person>(1000, Person{"Bob", 1}));
  expect_crosses(std::array<int, 1000>{1, 2, 3});
}

TEST_P(ConnectionObjects, TextOfAnyKindArrivesAsAString) {
  there_.send("literal");
  there_.send(std::string_view("view"));
  const char* const pointer = "pointer";
  there_.send(pointer);
  char buffer[] = "buffer";
  there_.send(buffer);
  for (const char* expected : {"literal", "view", "pointer", "buffer"}) {
    EXPECT_EQ(here_.recv<std::string>(), expected);
  }
}

TEST_P(ConnectionObjects, OwningPointers) {
  there_.send(std::make_unique<std::string>("text"));
  EXPECT_EQ(*here_.recv<std::unique_ptr<std::string>>(), "text");
  there_.send(std::shared_ptr<int>());
  EXPECT_EQ(here_.recv<std::shared_ptr<int>>(), nullptr);
}

TEST_P(ConnectionObjects, AreReceivedAsWhatTheyAre) {
  there_.send(7);
  there_.send("seven");
  there_.send(Person{"Ada", 36, {}});
  there_.send(std::vector{1, 2});
  there_.send(mp::None);
  there_.send(nullptr);
  there_.send(std::nullopt);
  const mp::Object number = here_.recv();
  EXPECT_TRUE(number.is<int>());
  EXPECT_EQ(number.as<long>(), 7);
  EXPECT_EQ(here_.recv().as<std::string>(), "seven");
  EXPECT_EQ(here_.recv().as<Person>().age, 36);
  EXPECT_EQ(here_.recv().as<std::vector<int>>(), (std::vector{1, 2}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(here_.recv().is_none());
  }
}

TEST_P(ConnectionObjects, AnObjectMayBeReceivedAsItsContent) {
  there_.send(mp::Object(7));
  there_.send(mp::Object("seven"));
  EXPECT_EQ(here_.recv<int>(), 7);
  EXPECT_EQ(here_.recv<std::string>(), "seven");
}

TEST_P(ConnectionObjects, AnotherTypeIsATypeErrorAndNothingMore) {
  const auto expect_type_error = [this](const std::string& words) {
    try {
      here_.recv<int>();
      ADD_FAILURE() << "it is no int";
    } catch (const mp::TypeError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  there_.send("text");
  there_.send(2.5);
  there_.send(mp::Object("text"));
  there_.send(std::string(100'000, 'x'));
  there_.send_bytes("not from send, and long enough to hold anything");
  there_.send_bytes("");
  there_.send_bytes("x");
  there_.send(42);
  expect_type_error("a string");
  expect_type_error("'double'");
  expect_type_error("not a 'int'");
  expect_type_error("a string");
  expect_type_error("another type");
  expect_type_error("0 bytes");
  expect_type_error("1 bytes");
  EXPECT_EQ(here_.recv<int>(), 42);
}

TEST_P(ConnectionObjects, AnEmptyFrameIsNotTheEnd) {
  there_.send_bytes("");
  EXPECT_THROW(here_.recv(), mp::TypeError);
  there_.send(1);
  EXPECT_EQ(here_.recv<int>(), 1);
}

TEST_P(ConnectionObjects, BytesAndObjectsMayTakeTurns) {
  for (int i = 0; i < 10; ++i) {
    there_.send(i);
    there_.send_bytes(std::string(static_cast<std::size_t>(i), 'x'));
    EXPECT_EQ(here_.recv<int>(), i);
    EXPECT_EQ(here_.recv_bytes().size(), static_cast<std::size_t>(i));
  }
  there_.send(5);
  EXPECT_EQ(here_.recv_bytes(), mp::dumps(5)) << "the serializer's bytes and nothing else";
}

TEST_P(ConnectionObjects, Functions) {
  using Work = mp::Function<int(int)>;
  there_.send(Work([k = 3](int x) { return k * x; }));
  there_.send(Work(
      mp::partial([](const std::string& text, int x) { return x + int(text.size()); }, "abc")));
  EXPECT_EQ(here_.recv<Work>()(2), 6);
  EXPECT_EQ(here_.recv<Work>()(2), 5);
}

struct Moody {
  int mood = 0;

  template <class Archive>
  void save(Archive& archive) const {
    if (mood == 1) {
      throw std::runtime_error("not today");
    }
    archive(mood);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(mood);
    if (mood == 2) {
      throw std::runtime_error("spoilt");
    }
  }
};

TEST_P(ConnectionObjects, WhatThrowsOnItsWayHarmsNothingElse) {
  EXPECT_THROW(there_.send(Moody{1}), std::runtime_error);
  there_.send(Moody{2});
  there_.send(Moody{3});
  EXPECT_THROW(here_.recv<Moody>(), std::runtime_error);
  EXPECT_EQ(here_.recv<Moody>().mood, 3);
}

TEST_P(ConnectionObjects, APointerInAClosureIsNotSendable) {
  int local = 0;
  EXPECT_THROW(there_.send(mp::Function<int()>([p = &local] { return *p; })), mp::NotSendable);
  EXPECT_FALSE(here_.poll());
}

// Shared objects: they belong to the tree, so they cross pipes only.

struct Order {
  std::string text;
  mp::Queue<std::string> answers;
  std::optional<mp::Lock> lock;
};

TEST(PipeObjects, LocksAndQueues) {
  const auto [here, there] = mp::Pipe();
  const mp::Lock lock;
  there.send(lock);
  EXPECT_EQ(here.recv<mp::Lock>(), lock);
  there.send(lock);
  EXPECT_EQ(here.recv().as<mp::Lock>(), lock);
  there.send(std::vector<mp::Lock>(10, lock));
  EXPECT_EQ(here.recv<std::vector<mp::Lock>>(), std::vector<mp::Lock>(10, lock));
  const mp::Queue<int> queue;
  queue.put(5);
  there.send(queue);
  EXPECT_EQ(here.recv<mp::Queue<int>>().get(), 5);
  there.send(Order{"hello", {}, lock});
  const Order order = here.recv<Order>();
  EXPECT_EQ(order.lock, lock);
  EXPECT_EQ(order.text, "hello");
}

TEST(PipeObjects, ClosuresThatHoldSharedObjects) {
  const auto [here, there] = mp::Pipe();
  const mp::Queue<int> results;
  const mp::Lock lock;
  there.send(mp::Function<void(int)>([results, lock, k = 3](int x) {
    const std::scoped_lock guard(lock);
    results.put(k * x);
  }));
  here.recv<mp::Function<void(int)>>()(5);
  EXPECT_EQ(results.get(), 15);
}

TEST(PipeObjects, AHandleMayLiveInAMessageAlone) {
  const auto before = use_now();
  {
    const auto [here, there] = mp::Pipe();
    {
      const mp::Queue<std::string> inner;
      inner.put("inside");
      there.send(inner);
    }
    EXPECT_EQ(here.recv<mp::Queue<std::string>>().get(), "inside");
    there.send(mp::Lock());
    there.send(mp::Queue<int>());
    EXPECT_THROW(here.recv<int>(), mp::TypeError) << "the lock goes with its message";
  }
  EXPECT_EQ(use_now(), before);
}

TEST(PipeObjects, AHandleOfAnotherTypeIsATypeError) {
  const auto [here, there] = mp::Pipe();
  there.send(mp::Lock());
  there.send(mp::Queue<int>());
  EXPECT_THROW(here.recv<mp::Queue<int>>(), mp::TypeError);
  EXPECT_THROW(here.recv<mp::Queue<std::string>>(), mp::TypeError);
}

TEST(StreamObjects, SharedObjectsAreNotSendable) {
  const auto [here, there] = mp::test::make_stream_pair();
  EXPECT_THROW(there.send(mp::Lock()), mp::NotSendable);
  EXPECT_THROW(there.send(mp::Queue<int>()), mp::NotSendable);
  EXPECT_THROW(there.send(mp::Pipe().first), mp::NotSendable);
  EXPECT_THROW(there.send(std::vector<mp::Lock>(2)), mp::NotSendable);
  EXPECT_THROW(there.send(mp::Object(mp::Lock())), mp::NotSendable);
  EXPECT_FALSE(here.poll());
  there.send(1);
  EXPECT_EQ(here.recv<int>(), 1);
}

}  // namespace
