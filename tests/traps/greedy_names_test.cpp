// SPDX-License-Identifier: BSD-3-Clause
// Functions of a user's own that have the names of functions of the library and take anything: who
// calls one of those without saying whose it is would get these.
#include <multiprocess/multiprocess.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;

namespace greedy {

#define GREEDY(name)            \
  template <class T>            \
  void name(const T&) = delete; \
  template <class T>            \
  void name(T&) = delete;       \
  template <class T, class U>   \
  void name(const T&, const U&) = delete;

GREEDY(add_item)
GREEDY(assign)
GREEDY(call_with_kept)
GREEDY(call_with_stored)
GREEDY(combine_objects)
GREEDY(construct)
GREEDY(copy)
GREEDY(decode)
GREEDY(encode)
GREEDY(encode_exception)
GREEDY(fields)
GREEDY(for_each_field)
GREEDY(is_null)
GREEDY(item_from)
GREEDY(item_of)
GREEDY(items_of)
GREEDY(load)
GREEDY(load_value)
GREEDY(make_item)
GREEDY(put)
GREEDY(quoted)
GREEDY(read)
GREEDY(read_value)
GREEDY(require_not_null)
GREEDY(save)
GREEDY(save_value)
GREEDY(show)
GREEDY(show_all)
GREEDY(show_tuple)
GREEDY(store)
GREEDY(submit)
GREEDY(unwrap)
GREEDY(wait)
GREEDY(wait_for)
GREEDY(write)

struct Record {
  int id = 0;
  std::string text = {};
  bool operator==(const Record&) const = default;
};

/// Silently another value, not an error.
Record store(const Record&) {
  return {-1, "another"};
}

struct Size {
  int width = 0;
  double height = 0;
  bool operator==(const Size&) const = default;
};

struct Trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Counter {
  int count = 0;
  int add(Record record) { return count += record.id; }
};

int id_of(const Record& record) {
  return record.id;
}
Record same(Record record) {
  return record;
}
int fail(const Record&) {
  throw Trouble("here");
}

}  // namespace greedy

namespace {

using greedy::Record;
using greedy::Size;

const bool counters_are_known =
    mp::register_type<greedy::Counter>("GreedyCounter", mp::method<&greedy::Counter::add>("add"));
[[maybe_unused]] const auto troubles_are_known = mp::register_exception<greedy::Trouble>();
const Record five{5, "five"};

template <class T>
void expect_to_cross(const T& value) {
  const mp::Queue<T> queue;
  queue.put(value);
  EXPECT_EQ(queue.get(), value);
  EXPECT_EQ(mp::loads<T>(mp::dumps(value)), value);
  EXPECT_EQ(mp::Object(value).as<T>(), value);
  const auto [here, there] = mp::Pipe();
  here.send(value);
  EXPECT_EQ(there.template recv<T>(), value);
}

TEST(GreedyNames, AreNotWhatValuesCrossBy) {
  expect_to_cross(five);
  expect_to_cross(Size{1, 2});
  expect_to_cross(std::vector{five});
  expect_to_cross(std::map<int, Record>{{1, five}});
  expect_to_cross(std::optional(five));
  expect_to_cross(std::tuple(five, Size{1, 2}));
}

TEST(GreedyNames, AreNotWhatProcessesAndPoolsCall) {
  const mp::Queue<Record> out;
  mp::Process process([](const Record& given, const mp::Queue<Record>& to) { to.put(given); }, five,
                      out);
  process.start();
  EXPECT_EQ(out.get(), five);
  process.join();

  mp::Pool pool(1);
  EXPECT_EQ(pool.apply(greedy::same, five), five);
  EXPECT_EQ(pool.map(greedy::id_of, std::vector{five}), std::vector{5});
  EXPECT_EQ(pool.imap(greedy::same, std::vector{five}).next(), five);
  EXPECT_THROW(pool.apply(greedy::fail, five), greedy::Trouble);
  mp::ThreadPool threads(1);
  EXPECT_EQ(threads.apply(greedy::same, five), five);
  EXPECT_EQ(mp::partial(greedy::same, five)(), five);
}

TEST(GreedyNames, AreNotWhatSharedDataIsMadeBy) {
  const mp::Value<Size> value(1, 2.0);
  const mp::Array<Size> array{Size{3, 4}};
  array[0] = value.value();
  EXPECT_EQ(array[0], (Size{1, 2}));
  EXPECT_FALSE(fmt::format("{} {}", value, array).empty());
}

TEST(GreedyNames, AreNotWhatManagersServeBy) {
  const mp::SyncManager manager = mp::Manager();
  const auto list = manager.list<Record>({five});
  list.append(five);
  EXPECT_EQ(list[1], five);
  EXPECT_FALSE(fmt::format("{}", list).empty());
  EXPECT_EQ(manager.create<greedy::Counter>().call<&greedy::Counter::add>(five), 5);
  EXPECT_TRUE(counters_are_known);
}

}  // namespace
