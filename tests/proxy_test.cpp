// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/proxy.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;

namespace {

class Counter {
 public:
  Counter() = default;
  explicit Counter(int value) : value_(value) {
    if (value < 0) {
      throw std::invalid_argument("negative");
    }
  }
  int increment(int by) { return value_ += by; }
  int value() const { return value_; }
  std::string greet(const std::string& who, char end) const { return "hello " + who + end; }
  void reset() noexcept { value_ = 0; }
  void fail() { throw std::domain_error("failed"); }
  void hidden() {}

  friend std::string mp_repr(const Counter& counter) {
    return "Counter " + std::to_string(counter.value_);
  }

 private:
  int value_ = 0;
};

const bool known = mp::register_type<Counter>(
    "Counter", mp::method<&Counter::increment>("increment"), mp::method<&Counter::value>("value"),
    mp::method<&Counter::greet>("greet"), mp::method<&Counter::reset>("reset"),
    mp::method<&Counter::fail>("fail"));

class Proxy : public mp::test::Managers {};

TEST_P(Proxy, CallsMethods) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>(5);
  EXPECT_EQ(counter.call<&Counter::increment>(2), 7);
  EXPECT_EQ(counter.call<&Counter::greet>("you", '!'), "hello you!");
  counter.call<&Counter::reset>();
  EXPECT_EQ(counter.call<&Counter::value>(), 0);
  EXPECT_EQ(manager.create<Counter>().call<&Counter::value>(), 0);
}

TEST_P(Proxy, CallsMethodsByName) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>(5);
  EXPECT_EQ(counter.call<int>("increment", 2), 7);
  EXPECT_EQ(counter.call<double>("increment", 1.0), 8.0) << "nothing is lost";
  EXPECT_EQ(counter.call<std::string>("greet", "you", '.'), "hello you.");
  EXPECT_EQ(counter.call("value"), 8);
  EXPECT_TRUE(counter.call("reset").is_none());
  EXPECT_THROW(counter.call("increment", 1.5), mp::TypeError);
  EXPECT_THROW(counter.call("increment"), mp::TypeError);
  EXPECT_THROW(counter.call("increment", "one"), mp::TypeError);
  EXPECT_THROW(counter.call<std::string>("value"), mp::TypeError);
  try {
    counter.call<std::string>("reset");
    FAIL();
  } catch (const mp::TypeError& error) {
    EXPECT_STREQ(error.what(), "the method returns nothing, not a 'std::string'");
  }
}

TEST_P(Proxy, ShowsOnlyWhatIsRegistered) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>(5);
  EXPECT_THROW(counter.call<&Counter::hidden>(), mp::AttributeError);
  EXPECT_THROW(counter.call("hidden"), mp::AttributeError);
  struct Stranger {};
  EXPECT_THROW(manager.create<Stranger>(), mp::AttributeError);
}

TEST_P(Proxy, PassesOnWhatIsThrown) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>(5);
  EXPECT_THROW(counter.call<&Counter::fail>(), std::domain_error);
  EXPECT_THROW(manager.create<Counter>(-1), std::invalid_argument);
  EXPECT_EQ(manager.number_of_objects(), 1u);
}

TEST_P(Proxy, RunsFunctionsOnTheObject) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>(5);
  int by = 3;
  EXPECT_EQ(counter.apply([by](Counter& c) { return c.increment(by); }), 8);
  EXPECT_EQ(shown(counter), "Counter 8");
  EXPECT_EQ(repr(counter).substr(0, 37), "<Proxy object, typeid 'Counter' at 0x");
}

TEST_P(Proxy, IsUsedByManyOneAfterTheOther) {
  const mp::SyncManager manager = this->manager();
  const auto counter = manager.create<Counter>();
  std::vector<mp::Process> crew;
  for (int i = 0; i < 3; ++i) {
    crew.push_back(start(
        [](const mp::Proxy<Counter>& shared) {
          for (int n = 0; n < 100; ++n) {
            shared.call<&Counter::increment>(1);
          }
        },
        counter));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(counter.call<int>("value"), 300);
  const auto list = manager.list<mp::Proxy<Counter>>({counter});
  EXPECT_EQ(list[0]->call<int>("value"), 300);
}

MULTIPROCESS_FOR_EACH_START_METHOD(Proxy);

}  // namespace
