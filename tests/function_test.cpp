// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/function.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace multiprocess {
namespace {

template <class T>
T crossed(const T& value) {
  return detail::decode<T>(detail::encode(value));
}

int twice(int x) {
  return 2 * x;
}
int never_throws(int x) noexcept {
  return x;
}

struct Account {
  int cents;
  int times(int n) const { return cents * n; }
};

struct Scale {
  double weight = 0;
  std::string unit;
  std::string operator()(double x) const { return fmt::format("{}{}", weight * x, unit); }
};

class Private {
 public:
  Private() = default;
  explicit Private(std::vector<int> numbers) : numbers_(std::move(numbers)) {}
  int operator()(int x) const { return numbers_.at(static_cast<std::size_t>(x)); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(numbers_);
  }

 private:
  std::vector<int> numbers_;
};

TEST(Function, CarriesEveryKindOfCallable) {
  int k = 3;
  const std::vector<Function<int(int)>> tasks{
      twice,
      &never_throws,
      [k](int x) { return k + x; },
      [f = &twice](int x) { return f(x) + 1; },
      partial(&Account::times, Account{7}),
      partial([](const std::string& s, int x) { return static_cast<int>(s.size()) + x; }, "hello"),
      Private({4, 5, 6}),
      std::bind_front(std::plus<>(), 100),
  };
  std::vector<int> results;
  for (const auto& task : crossed(tasks)) {
    results.push_back(task(2));
  }
  EXPECT_EQ(results, (std::vector<int>{4, 2, 5, 5, 14, 7, 6, 102}));
}

TEST(Function, CarriesAggregatesWithAnOperator) {
  const Function<std::string(double)> f = Scale{2, "kg"};
  EXPECT_EQ(crossed(f)(1.5), "3kg");
}

TEST(Function, Nests) {
  const Function<int(int)> inner = twice;
  const Function<int(int)> outer =
      partial([](const Function<int(int)>& f, int x) { return f(f(x)); }, inner);
  EXPECT_EQ(crossed(outer)(3), 12);
  const std::map<std::string, Function<int(int)>> named{{"twice", inner}};
  EXPECT_EQ(crossed(named).at("twice")(1), 2);
}

TEST(Function, CopiesAreIndependent) {
  const Function<int()> counter = [n = 0]() mutable { return ++n; };
  EXPECT_EQ(counter(), 1);
  const Function<int()> copy = counter;
  EXPECT_EQ(counter(), 2);
  EXPECT_EQ(counter(), 3);
  EXPECT_EQ(copy(), 2);
}

TEST(Function, CopiesOfANonConstOneAreNotWrapped) {
  Function<int(int)> f = twice;
  Function<int(int)> g(f);
  EXPECT_EQ(mp_repr(g), mp_repr(f));
}

TEST(Function, ThrowsTypeErrorWhenEmpty) {
  const Function<void()> empty;
  EXPECT_FALSE(empty);
  EXPECT_EQ(empty, nullptr);
  EXPECT_THROW(empty(), TypeError);
  EXPECT_FALSE(crossed(empty));
  int (*const null)(int) = nullptr;
  EXPECT_FALSE(Function<int(int)>(null));
}

TEST(Function, ConvertsResultsAndArguments) {
  const Function<double(const char*)> f = [](const std::string& s) { return s.size(); };
  EXPECT_EQ(f("abc"), 3.0);
  const Function<void()> dropped = [] { return 1; };
  dropped();
}

TEST(Function, DeducesItsSignature) {
  Function f = &twice;
  Function g = [](const std::string& s) { return s.size(); };
  EXPECT_TRUE((std::is_same_v<decltype(f), Function<int(int)>>));
  EXPECT_TRUE((std::is_same_v<decltype(g), Function<std::size_t(const std::string&)>>));
}

TEST(Function, Prints) {
  const Function<int(int)> f;
  EXPECT_TRUE(fmt::format("{}", f).starts_with("<Function int")) << mp_repr(f);
  std::ostringstream out;
  out << Function<int(int)>(twice);
  EXPECT_NE(out.str().find(" of int"), std::string::npos) << out.str();
}

TEST(Function, RefusesAnotherSignature) {
  const auto bytes = detail::encode(Function<int(int)>(twice));
  EXPECT_THROW(detail::decode<Function<long(int)>>(bytes), ValueError);
}

TEST(Function, RefusesCapturedPointersWhenItIsSent) {
  int local = 1;
  const Function<int()> f = [p = &local] { return *p; };
  EXPECT_EQ(f(), 1);
  EXPECT_THROW(detail::encode(f), NotSendable);
  EXPECT_EQ(crossed(Function<int()>(by_value([&local] { return local; })))(), 1);
}

TEST(Function, SurvivesTruncationAndFlippedBits) {
  int k = 3;
  const std::vector<Function<int(int)>> tasks{twice, [k](int x) { return k + x; },
                                              [f = &twice](int x) { return f(x); },
                                              partial(&Account::times, Account{7})};
  const auto bytes = detail::encode(tasks);
  using Tasks = std::vector<Function<int(int)>>;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(detail::decode<Tasks>(detail::Bytes(bytes).first(size)), std::exception);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      for (const auto& task : detail::decode<Tasks>(flipped)) {
        task(1);
      }
    } catch (const std::exception&) {
    }
  }
}

TEST(Partial, PutsItsArgumentsFirst) {
  const auto f = partial([](int a, int b, int c) { return 100 * a + 10 * b + c; }, 1, 2);
  EXPECT_EQ(f(3), 123);
  EXPECT_EQ(crossed(f)(3), 123);
  EXPECT_EQ(crossed(partial(f, 9))(), 129);
}

TEST(Partial, MayChangeWhatItHolds) {
  auto f = partial([](std::vector<int>& seen, int x) { return (seen.push_back(x), seen.size()); },
                   std::vector<int>());
  f(1);
  EXPECT_EQ(f(2), 2U);
}

TEST(MpFn, CapturesWhatOwnsMemory) {
  const int k = 3;
  const std::string name = "four";
  const std::vector<int> numbers{1, 2};
  const auto f = MP_FN((k, name, numbers),
                       (int x) { return k * x + static_cast<int>(name.size() + numbers.size()); });
  EXPECT_EQ(f(5), 21);
  EXPECT_EQ(crossed(f)(5), 21);
  const Function<int(int)> g = f;
  EXPECT_EQ(crossed(g)(0), 6);
}

TEST(MpFn, TakesAnyParametersAndCaptures) {
  EXPECT_EQ(crossed(MP_FN((), () { return 5; }))(), 5);
  const std::string a = "a", b = "b", c = "c", d = "d", e = "e", f = "f", g = "g", h = "h";
  const auto join = MP_FN((a, b, c, d, e, f, g, h), (const auto& end, int)->std::string {
    return a + b + c + d + e + f + g + h + end;
  });
  EXPECT_EQ(crossed(join)("!", 0), "abcdefgh!");
  const auto [left, right] = std::pair(std::string("l"), 2);
  const auto sum = MP_FN((left, right), () { return left + std::to_string(right); });
  EXPECT_EQ(crossed(sum)(), "l2");
}

// At namespace scope, as the partner program of another build would have them too.
const auto negate = named<"negate">([](int x) { return -x; });
const auto half = named<"half">(+[](int x) { return x / 2; });
const auto first_clash = named<"clash">([](int x) { return x + 1; });
const auto second_clash = named<"clash">([](int x) { return x + 2; });

TEST(Named, TravelsByItsName) {
  const Function<int(int)> f = negate;
  const auto bytes = detail::encode(f);
  EXPECT_LT(bytes.size(), 12U);  // no reference into the program
  EXPECT_EQ(detail::decode<Function<int(int)>>(bytes)(4), -4);
  EXPECT_EQ(crossed(Function<int(int)>(half))(8), 4);
}

int triple(int x) {
  return 3 * x;
}

void put_result(Function<int(int)> f, Queue<int> results) {
  results.put(f(5));
}

class NamedProcesses : public test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(NamedProcesses);

TEST_P(NamedProcesses, AFunctionMayGetItsNameWhereItIsSent) {
  const Queue<int> results;
  const Function<int(int)> f = named<"triple">(triple);  // no child comes to this line
  EXPECT_EQ(exitcode_of(put_result, f, results), 0);
  EXPECT_EQ(results.get(test::plenty), 15);
}

TEST(Named, RefusesUnknownAndAmbiguousNames) {
  auto bytes = detail::encode(Function<int(int)>(negate));
  bytes[4] = std::byte{'x'};  // in the name
  EXPECT_THROW(detail::decode<Function<int(int)>>(bytes), NotSendable);
  EXPECT_EQ(first_clash(1), 2);
  EXPECT_EQ(second_clash(1), 3);
  EXPECT_THROW(detail::encode(Function<int(int)>(first_clash)), ValueError);
}

}  // namespace
}  // namespace multiprocess
