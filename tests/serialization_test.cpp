// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/serialization.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/function.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace multiprocess {
namespace {

struct Point {
  int x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};

struct Person {
  std::string name;
  std::vector<Point> places;
  bool operator==(const Person&) const = default;
};

struct Window {
  Person* owner = nullptr;
  std::string title;
};

class Opaque {
 public:
  Opaque() = default;

 private:
  std::string text_;
};

/// With a constructor that is not constexpr, as most have: no literal type.
class Place {
 public:
  Place(int x, int y) : x_(x), y_(y) {}
  bool operator==(const Place&) const = default;

 private:
  int x_;
  int y_;
};

/// As Place, and in a base or member there is what means nothing elsewhere.
class Sign : public Place {
 public:
  explicit Sign(const char* text) : Place(0, 0), text_(text) {}
  const char* text() const { return text_; }

 private:
  const char* text_;
};
class Mark {
 public:
  explicit Mark(int& counter) : counter_(counter) {}
  int count() const { return counter_; }

 private:
  int& counter_;
};
class Road {
 public:
  Road() : from_(0, 0), sign_("") {}

 private:
  Place from_;
  Sign sign_;
};

TEST(Sendable, ClassesWithConstructorsCrossUnlessTheyHoldPointers) {
  EXPECT_TRUE(sendable<Place>);
  EXPECT_FALSE(sendable<Sign>);
  EXPECT_FALSE(sendable<Mark>);
  EXPECT_FALSE(sendable<Road>);
  const std::vector<Place> places{{1, 2}, {3, 4}};
  EXPECT_EQ(loads<std::vector<Place>>(dumps(places)), places);
}

TEST(Sendable, SaysWhatMayCross) {
  EXPECT_TRUE(sendable<int>);
  EXPECT_TRUE(sendable<std::string>);
  EXPECT_TRUE((sendable<std::map<std::string, std::vector<Person>>>));
  EXPECT_TRUE(sendable<Person>);
  EXPECT_TRUE(sendable<std::shared_ptr<const Person>>);
  EXPECT_TRUE(sendable<Object>);
  EXPECT_TRUE(sendable<Fd>);
  EXPECT_TRUE(sendable<Function<int(int)>>);
  EXPECT_TRUE(sendable<int (*)(int)>);
  EXPECT_TRUE(sendable<const Person&>);
}

TEST(Sendable, SaysWhatMayNot) {
  EXPECT_FALSE(sendable<int*>);
  EXPECT_FALSE(sendable<const char*>);
  EXPECT_FALSE(sendable<std::reference_wrapper<int>>);
  EXPECT_FALSE(sendable<std::function<int()>>);
  EXPECT_FALSE(sendable<std::mutex>);
  EXPECT_FALSE(sendable<std::thread>);
  EXPECT_FALSE(sendable<std::string_view>);
  EXPECT_FALSE(sendable<std::vector<int*>>);
  EXPECT_FALSE(sendable<Window>);
  EXPECT_FALSE(sendable<Opaque>);
}

TEST(Sendable, JudgesClosures) {
  int k = 0;
  const std::string text;
  const auto by_copy = [k] { return k; };
  const auto by_reference = [&k] { return k; };
  const auto owning = [text] { return text.size(); };
  EXPECT_TRUE(sendable<decltype(by_copy)>);
  EXPECT_FALSE(sendable<decltype(by_reference)>);
  EXPECT_FALSE(sendable<decltype(owning)>);
  EXPECT_TRUE(sendable<decltype(partial(by_copy))>);
}

TEST(Loads, GivesBackWhatDumpsTook) {
  const Person alice{"Alice", {{1, 2}, {3, 4}}};
  EXPECT_EQ(loads<Person>(dumps(alice)), alice);
  EXPECT_EQ(loads<std::string>(dumps("literal")), "literal");
  EXPECT_EQ(loads<int>(dumps(-5)), -5);
}

std::string type_error(const std::function<void()>& f) {
  try {
    f();
  } catch (const TypeError& error) {
    return error.what();
  }
  return "";
}

TEST(Loads, RefusesAnotherType) {
  const auto bytes = dumps(1.5);
  const std::string text = type_error([&] { loads<int>(bytes); });
  EXPECT_NE(text.find("'int'"), text.npos) << text;
  EXPECT_NE(text.find("'double'"), text.npos) << text;
  EXPECT_THROW(loads<std::vector<int>>(dumps(std::vector<long long>{1})), TypeError);
  EXPECT_THROW(loads<Point>(dumps(std::pair(1, 2))), TypeError);
}

TEST(Loads, RefusesGarbage) {
  const std::string garbage = "GET / HTTP/1.1 and so on";
  EXPECT_THROW(loads<std::string>(std::as_bytes(std::span(garbage))), TypeError);
  EXPECT_THROW(loads<int>({}), TypeError);
  auto bytes = dumps(std::string("text"));
  bytes.push_back(std::byte{0});
  EXPECT_THROW(loads<std::string>(bytes), ValueError);
  EXPECT_THROW(loads<std::string>(std::span(bytes).first(bytes.size() - 3)), ValueError);
}

TEST(Dumps, RefusesHandlesOutsideOfASend) {
  const detail::os::Pipe pipe = detail::os::make_pipe();
  EXPECT_THROW(dumps(Fd::duplicate(static_cast<int>(pipe.read.get()))), RuntimeError);
}

TEST(Object, IsNoneByDefault) {
  EXPECT_TRUE(Object().is_none());
  EXPECT_TRUE(Object(nullptr).is_none());
  EXPECT_EQ(Object(), None);
  EXPECT_NE(Object(0), None);
  EXPECT_THROW(None.as<int>(), TypeError);
}

TEST(Object, HoldsAnything) {
  EXPECT_EQ(Object(5).as<int>(), 5);
  EXPECT_EQ(Object("text").as<std::string>(), "text");
  EXPECT_EQ(Object(Point{1, 2}).as<Point>(), (Point{1, 2}));
  EXPECT_EQ(Object(std::vector<Object>{1, "x"}).as<std::vector<Object>>()[1], Object("x"));
  EXPECT_EQ(Object(Function<int(int)>([](int x) { return x + 1; })).as<Function<int(int)>>()(1), 2);
}

TEST(Object, IsNoneOnceItWasMovedFrom) {
  for (Object from : {Object("text"), Object(5), Object(Point{1, 2})}) {
    const Object kept = from;
    const Object to = std::move(from);
    EXPECT_EQ(to, kept);
    EXPECT_EQ(from, None);
    EXPECT_EQ(fmt::format("{}", from), "None");
    EXPECT_THROW(from.as<std::string>(), TypeError);
    EXPECT_EQ(loads<Object>(dumps(from)), None);
    from = to;
    EXPECT_EQ(from, to);
  }
}

template <class T>
concept ComparesWithFive = requires(const T& value) {
  value == 5;
};

TEST(Object, ComparesWithWhatItCanBeMadeOf) {
  EXPECT_TRUE(Object(5) == 5);
  EXPECT_TRUE("text" == Object("text"));
  EXPECT_FALSE(Object(5) == "text");
  EXPECT_TRUE(Object() == nullptr);
  EXPECT_FALSE(ComparesWithFive<std::vector<Object>>);
  EXPECT_FALSE(ComparesWithFive<Function<Object(Object)>>) << "that is no Object yet";
}

TEST(Object, KnowsItsType) {
  EXPECT_TRUE(Object(5).is<int>());
  EXPECT_FALSE(Object(5).is<long long>());
  EXPECT_TRUE(Object("text").is<std::string>());
  EXPECT_TRUE(Object(true).is<bool>());
  EXPECT_FALSE(None.is<int>());
}

TEST(Object, ConvertsNumbersWhereNothingIsLost) {
  EXPECT_EQ(Object(3.0).as<int>(), 3);
  EXPECT_EQ(Object(7).as<double>(), 7.0);
  EXPECT_EQ(Object(7U).as<signed char>(), 7);
  EXPECT_EQ(Object(true).as<int>(), 1);
  EXPECT_EQ(Object(0.5).as<float>(), 0.5F);
  EXPECT_THROW(Object(3.5).as<int>(), TypeError);
  EXPECT_THROW(Object(-1).as<unsigned>(), TypeError);
  EXPECT_THROW(Object(300).as<unsigned char>(), TypeError);
  EXPECT_THROW(Object(0.1).as<float>(), TypeError);
  EXPECT_THROW(Object((1LL << 53) + 1).as<double>(), TypeError);
  EXPECT_THROW(Object(2).as<bool>(), TypeError);
  EXPECT_THROW(Object(1e300).as<long long>(), TypeError);
  EXPECT_THROW(Object("1").as<int>(), TypeError);
}

TEST(Object, SaysWhatItIsInstead) {
  const std::string text = type_error([] { Object(Point{}).as<std::string>(); });
  EXPECT_NE(text.find("Point"), text.npos) << text;
  EXPECT_NE(type_error([] { Object(3.5).as<int>(); }).find("3.5"), text.npos);
}

TEST(Object, ComparesByValue) {
  EXPECT_EQ(Object(1), Object(1.0));
  EXPECT_EQ(Object(1), Object(true));
  EXPECT_NE(Object(1), Object("1"));
  EXPECT_NE(Object(-1), Object(~0ULL));
  EXPECT_EQ(Object("x"), "x");
  EXPECT_EQ(Object(Point{1, 2}), (Point{1, 2}));
  EXPECT_NE(Object(Point{1, 2}), (Point{2, 1}));
}

TEST(Object, CopyingANonConstOneDoesNotWrapIt) {
  Object object("text");
  Object copy(object);
  EXPECT_TRUE(copy.is<std::string>());
}

TEST(Object, Crosses) {
  const std::vector<Object> objects{None, 1, -2.5, "text", true, Point{1, 2}, std::vector{1, 2}};
  EXPECT_EQ(loads<std::vector<Object>>(dumps(objects)), objects);
}

TEST(Object, CarriesHandlesAlong) {
  const detail::os::Pipe pipe = detail::os::make_pipe();
  const Fd fd = Fd::duplicate(static_cast<int>(pipe.read.get()));
  const Object object(fd);
  EXPECT_GE(object.as<Fd>().fileno(), 0);
  EXPECT_THROW(dumps(object), RuntimeError);
}

TEST(Object, PrintsAsPythonDoes) {
  EXPECT_EQ(fmt::format("{} {} {} {}", None, Object(1), Object(1.0), Object(true)),
            "None 1 1.0 True");
  EXPECT_EQ(fmt::format("{}", Object("it's")), "\"it's\"");
  EXPECT_EQ(fmt::format("{}", Object("a\n'\"")), "'a\\n\\'\"'");
  EXPECT_NE(fmt::format("{}", Object(Point{})).find("Point"), std::string::npos);
}

TEST(Object, PrintsWhatTheUsualContainersHold) {
  const auto text = [](const Object& object) { return fmt::format("{}", object); };
  EXPECT_EQ(text(std::vector<int>{1, 2}), "[1, 2]");
  EXPECT_EQ(text(std::vector<std::vector<double>>{{1}, {}}), "[[1.0], []]");
  EXPECT_EQ(text(std::map<std::string, int>{{"a", 1}}), "{'a': 1}");
  EXPECT_EQ(text(std::vector<Object>{1, "two", None, std::vector{3}}), "[1, 'two', None, [3]]");
  EXPECT_EQ(text(std::pair(1, std::string("x"))), "(1, 'x')");
  EXPECT_EQ(text(std::tuple(1.5, 2)), "(1.5, 2)");
  EXPECT_EQ(text(std::optional<int>()), "None");
  EXPECT_EQ(text(std::optional(7)), "7");
  EXPECT_EQ(text(std::set<int>{}), "set()");
  EXPECT_EQ(text(std::vector{std::byte{'a'}}), "b'a'");
  EXPECT_EQ(text('c'), "'c'");
  const auto arrived = loads<Object>(dumps(Object(std::vector{'a' + 0, 'b' + 0})));
  EXPECT_EQ(text(arrived), "[97, 98]");
}

TEST(Object, SurvivesTruncationAndFlippedBits) {
  using Objects = std::vector<Object>;
  const auto bytes = dumps(Objects{None, 1, "text", true, Point{1, 2}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_ANY_THROW(loads<Objects>(std::span(bytes).first(size)));
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      for (const Object& object : loads<Objects>(flipped)) {
        mp_repr(object);
      }
    } catch (const std::exception&) {
    }
  }
}

}  // namespace
}  // namespace multiprocess
