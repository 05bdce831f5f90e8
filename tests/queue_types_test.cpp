// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace mp = multiprocess;
using mp::test::in_threads;
using mp::test::use_now;

namespace {

/// Through a queue; nothing of it is left there.
template <class T>
T through(const T& value) {
  const mp::Queue<T> queue;
  const auto before = use_now();
  queue.put(value);
  queue.put(value);
  queue.get();
  T got = queue.get();
  EXPECT_LE(use_now().parts, before.parts + 2) << "no more than a segment";
  EXPECT_EQ(use_now().private_blocks, before.private_blocks);
  return got;
}

template <class T>
void expect_crosses(const T& value) {
  EXPECT_EQ(through(value), value);
}

template <std::size_t N>
struct Bytes {
  std::array<char, N> bytes;
  bool operator==(const Bytes&) const = default;
};

enum class Color : unsigned char { red, green };
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Padded {
  char c;
  double d;
  short s;
  bool operator==(const Padded&) const = default;
};

TEST(QueueOf, Numbers) {
  expect_crosses(true);
  expect_crosses('c');
  expect_crosses(-5);
  expect_crosses(~0ULL);
  expect_crosses(2.5f);
  expect_crosses(-1e300);
  expect_crosses(3.25L);
  expect_crosses(Color::green);
  expect_crosses(std::complex<double>(1, -2));
  expect_crosses(std::chrono::milliseconds(5));
}

TEST(QueueOf, StructsOfEverySize) {
  expect_crosses(Nothing{});
  expect_crosses(Padded{'c', 1.5, 7});
  const auto of_size = []<std::size_t... N>(std::index_sequence<N...>) {
    (expect_crosses(Bytes<N>{{'a'}}), ...);
  };
  of_size(std::index_sequence<1, 7, 8, 9, 24, 25, 48, 49, 55, 56, 57, 64, 65, 300>());
  Bytes<100'000> large{};
  large.bytes.back() = 'z';
  expect_crosses(large);
}

TEST(QueueOf, Strings) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 47U, 48U, 49U, 1000U, 65'535U, 65'536U, 131'071U,
                                 131'072U, 131'073U, 1'000'000U}) {
    std::string text(size, 'x');
    if (size != 0) {
      text.front() = 'a';
      text.back() = '\0';
    }
    expect_crosses(text);
  }
  expect_crosses(std::u16string(u"wide"));
}

std::vector<std::byte> bytes(std::size_t size) {
  std::vector<std::byte> all(size);
  for (std::size_t i = 0; i < size; ++i) {
    all[i] = static_cast<std::byte>(i * 7 + i / 251);
  }
  return all;
}

TEST(QueueOf, BytesOfEverySize) {
  for (const std::size_t size :
       {0U, 1U, 48U, 49U, 4096U, 32'768U, 65'536U, 131'072U, 200'000U, 1'048'577U, 5'242'880U}) {
    EXPECT_TRUE(through(bytes(size)) == bytes(size)) << size;
  }
}

struct alignas(32) Aligned {
  std::array<float, 8> lanes;
  bool operator==(const Aligned&) const = default;
};

TEST(QueueOf, VectorsOfPlainThings) {
  expect_crosses(std::vector<int>{});
  expect_crosses(std::vector{1, 2, 3});
  expect_crosses(std::vector{1.5, 2.5});
  expect_crosses(std::vector{3.5L, 4.5L});
  expect_crosses(std::vector<Padded>(10, Padded{'x', 2, 3}));
  expect_crosses(std::vector<bool>{true, false, true});
  expect_crosses(std::vector<Nothing>(3));
  expect_crosses(std::vector<Bytes<24>>(20'000, Bytes<24>{{"twenty-four bytes long"}}));
  for (const std::size_t count : {1U, 2U, 100U, 100'000U}) {
    expect_crosses(std::vector<Aligned>(count, Aligned{{1, 2, 3, 4, 5, 6, 7, 8}}));
  }
}

struct Person {
  std::string name;
  int age = 0;
  std::vector<std::string> tags;
  std::map<std::string, double> scores;
  bool operator==(const Person&) const = default;
};

TEST(QueueOf, ContainersAndAggregates) {
  expect_crosses(std::vector<std::string>{"a", "", std::string(1000, 'b')});
  expect_crosses(std::map<std::string, std::vector<int>>{{"x", {1, 2}}, {"y", {}}});
  expect_crosses(std::unordered_map<int, std::string>{{1, "one"}, {2, "two"}});
  expect_crosses(std::set<int>{3, 1, 2});
  expect_crosses(std::deque<std::string>(100, "text"));
  expect_crosses(std::pair(1, std::string("two")));
  expect_crosses(std::tuple(1, 2.5, std::string("three")));
  expect_crosses(std::optional<int>{});
  expect_crosses(std::optional<std::string>("text"));
  expect_crosses(std::variant<int, std::string>("text"));
  expect_crosses(std::array<std::string, 3>{"a", "b", "c"});
  expect_crosses(std::filesystem::path("/a/b"));
  expect_crosses(Person{"Ada", 36, {"math", "engine"}, {{"notes", 7.5}}});
  expect_crosses(std::vector<Person>(50, Person{"Bob", 1, {}, {}}));
}

TEST(QueueOf, OwningPointers) {
  const mp::Queue<std::unique_ptr<std::string>> queue;
  queue.put(std::make_unique<std::string>("text"));
  queue.put(nullptr);
  EXPECT_EQ(*queue.get(), "text");
  EXPECT_EQ(queue.get(), nullptr);
  EXPECT_EQ(*through(std::make_shared<int>(7)), 7);
  const auto twice = std::make_shared<int>(5);
  const auto pair = through(std::pair(twice, twice));
  EXPECT_EQ(pair.first, pair.second) << "one object still";
}

class Versed {
 public:
  Versed() = default;
  explicit Versed(int secret) : secret_(secret) {}
  bool operator==(const Versed&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(secret_);
  }

 private:
  int secret_ = 0;
  std::string local_ = "not sent";
};

TEST(QueueOf, TypesWithASerializeOfTheirOwn) {
  expect_crosses(Versed(7));
  expect_crosses(std::vector{Versed(1), Versed(2)});
}

TEST(QueueOf, Objects) {
  expect_crosses(mp::Object());
  expect_crosses(mp::Object(5));
  expect_crosses(mp::Object("text"));
  expect_crosses(std::map<std::string, mp::Object>{{"a", 1}, {"b", "two"}});
  EXPECT_EQ(through(mp::Object(Person{"Ada", 36, {}, {}})).as<Person>().name, "Ada");
}

TEST(QueueOf, Functions) {
  using Work = mp::Function<int(int)>;
  const mp::Queue<int> results;
  const mp::Lock lock;
  const mp::Queue<Work> works;
  works.put([](int x) { return x + 1; });
  works.put([results, lock, k = 3](int x) {
    const std::scoped_lock guard(lock);
    results.put(k * x);
    return k;
  });
  works.put(
      mp::partial([](const std::string& text, int x) { return x + int(text.size()); }, "abc"));
  EXPECT_EQ(works.get()(1), 2);
  EXPECT_EQ(works.get()(5), 3);
  EXPECT_EQ(results.get(), 15);
  EXPECT_EQ(works.get()(1), 4);
}

TEST(QueueOf, Locks) {
  const mp::Lock lock;
  const mp::Lock same = through(lock);
  EXPECT_EQ(same, lock);
  same.acquire();
  EXPECT_TRUE(lock.locked());
  std::vector<mp::Lock>(400).clear();  // the account of this process has room for them now
  expect_crosses(std::vector<mp::Lock>(100));
  expect_crosses(std::vector<mp::Lock>(100, lock));
  EXPECT_EQ(through(mp::Object(lock)).as<mp::Lock>(), lock);
}

struct Order {
  std::string text;
  mp::Queue<std::string> answers;
  std::optional<mp::Lock> lock;
};

TEST(QueueOf, Queues) {
  const mp::Queue<int> inner;
  inner.put(5);
  const mp::Queue<mp::Queue<int>> outer;
  outer.put(inner);
  EXPECT_EQ(outer.get(), inner);
  EXPECT_EQ(inner.get(), 5);
  const mp::Queue<Order> orders;
  orders.put({"hello", {}, mp::Lock()});
  orders.put({std::string(200, 'x'), {}, {}});
  const Order order = orders.get();
  order.answers.put(order.text);
  EXPECT_EQ(order.answers.get(), "hello");
  EXPECT_FALSE(order.lock->locked());
  EXPECT_FALSE(orders.get().lock);
}

TEST(QueueOf, HandlesThatLiveInAMessageAlone) {
  const auto before = use_now();
  {
    const mp::Queue<mp::Queue<std::string>> outer;
    {
      const mp::Queue<std::string> inner;
      inner.put(std::string(500, 'x'));
      outer.put(inner);
    }
    EXPECT_EQ(use_now().objects, before.objects + 2);
    EXPECT_EQ(outer.get().get().size(), 500U);
    EXPECT_EQ(use_now().objects, before.objects + 1) << "that was its last handle";
    outer.put(mp::Queue<std::string>());
  }
  EXPECT_EQ(use_now().objects, before.objects) << "an item goes with its queue";
  EXPECT_EQ(use_now().parts, before.parts);
}

TEST(QueueOf, ManyQueuesOneInsideTheOther) {
  const auto before = use_now();
  {
    mp::Queue<> chain;
    for (int i = 0; i < 1000; ++i) {
      const mp::Queue<> next;
      next.put(chain);
      chain = next;
    }
    EXPECT_EQ(use_now().objects, before.objects + 1001);
  }
  EXPECT_EQ(use_now().objects, before.objects);
}

TEST(QueueOf, ItselfStaysUntilTheTreeEnds) {
  const auto before = use_now();
  {
    const mp::Queue<> queue;
    queue.put(queue);
  }
  EXPECT_EQ(use_now().objects, before.objects + 1);
  {
    const mp::Queue<> queue;
    queue.put(queue);
    EXPECT_EQ(queue.get<mp::Queue<>>(), queue);
  }
  EXPECT_EQ(use_now().objects, before.objects + 1) << "out of itself it is like any other";
}

struct Moody {
  int mood = 0;

  template <class Archive>
  void save(Archive& archive) const {
    if (mood == 1) {
      throw std::runtime_error("not today");
    }
    archive(mood, mp::Lock());
  }
  template <class Archive>
  void load(Archive& archive) {
    mp::Lock lock;
    archive(mood, lock);
    if (mood == 2) {
      throw std::runtime_error("spoilt");
    }
  }
};

TEST(QueueOf, WhatThrowsWhenItIsEncodedIsNotPut) {
  const mp::Queue<Moody> queue;
  queue.put({0});
  queue.get();
  const auto before = use_now();
  EXPECT_THROW(queue.put({1}), std::runtime_error);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(use_now(), before);
  queue.put({3});
  EXPECT_EQ(queue.get().mood, 3);
}

TEST(QueueOf, WhatThrowsWhenItIsDecodedIsGone) {
  const mp::Queue<Moody> queue;
  queue.put({0});
  queue.get();
  const auto before = use_now();
  queue.put({2});
  queue.put({3});
  EXPECT_THROW(queue.get(), std::runtime_error);
  EXPECT_EQ(queue.get().mood, 3);
  EXPECT_EQ(use_now(), before);
}

/// Reads less than it writes.
struct Forgetful {
  int first = 1;
  int second = 2;

  template <class Archive>
  void save(Archive& archive) const {
    archive(first, second);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(first);
  }
};

TEST(QueueOf, WhatIsNotReadToItsEndIsRefused) {
  const mp::Queue<Forgetful> queue;
  queue.put({});
  EXPECT_THROW(queue.get(), mp::ValueError);
}

TEST(QueueOf, LargeThingsAmongThreads) {
  const mp::Queue<std::vector<Bytes<24>>> queue(4);
  constexpr std::size_t count = 30'000;
  in_threads(2, [&](int number) {
    for (int i = 0; i < 40; ++i) {
      if (number == 0) {
        std::vector<Bytes<24>> items(count + static_cast<std::size_t>(i));
        for (std::size_t k = 0; k < items.size(); ++k) {
          items[k].bytes.fill(static_cast<char>(k + static_cast<std::size_t>(i)));
        }
        queue.put(items);
      } else {
        const auto items = queue.get();
        ASSERT_EQ(items.size(), count + static_cast<std::size_t>(i));
        for (std::size_t k = 0; k < items.size(); ++k) {
          ASSERT_EQ(items[k].bytes.back(), static_cast<char>(k + static_cast<std::size_t>(i)));
        }
      }
    }
  });
}

}  // namespace
