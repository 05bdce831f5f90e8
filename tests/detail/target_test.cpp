// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/target.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace multiprocess::detail {
namespace {

using Owned = std::unique_ptr<int>;

template <class... Args>
auto call(auto f, Args... args) {
  std::tuple<stored_t<Args>...> kept(store(std::move(args))...);
  return call_with_stored(f, kept);
}

TEST(Target, TakesArgumentsByReference) {
  EXPECT_EQ(call([](int& a, const std::string& b) { return std::to_string(a) + b; }, 1, "b"), "1b");
}

TEST(Target, TakesArgumentsThatMove) {
  EXPECT_EQ(call([](Owned a, std::vector<int>&& b) { return *a + b.at(0); },
                 std::make_unique<int>(1), std::vector{2}),
            3);
}

TEST(Target, TakesBothAtOnce) {
  EXPECT_EQ(call([](Owned a, int& b) { return *a + b; }, std::make_unique<int>(1), 2), 3);
  EXPECT_EQ(call([](int& a, int&& b, int& c, Owned d) { return a + b + c + *d; }, 1, 2, 3,
                 std::make_unique<int>(4)),
            10);
}

TEST(Target, TakesTextAsPointer) {
  EXPECT_EQ(call([](const char* a, int b) { return std::string(a) + std::to_string(b); }, "a", 1),
            "a1");
}

TEST(Target, PrefersToLeaveArgumentsWhereTheyAre) {
  const auto moved = [](auto&& a) { return !std::is_lvalue_reference_v<decltype(a)>; };
  EXPECT_FALSE(call(moved, 1));
}

TEST(Target, OfAnyTypeIsNotAskedForWhatItDoesNotGet) {
  const auto size = [](const auto& text) { return text.size(); };  // no `const char*` has one
  EXPECT_EQ(call(size, std::string("text")), 4U);
  EXPECT_EQ(call([](auto a, auto b) { return a + b; }, std::string("a"), std::string("b")), "ab");
}

TEST(Target, IsRefusedWhenNoWayFits) {
  const auto wants_text = [](const std::string&) {};
  EXPECT_FALSE((callable_with_stored<decltype(wants_text), int>));
  EXPECT_FALSE((callable_with_stored<decltype(wants_text), std::string, int>));
  EXPECT_FALSE((callable_with_stored<decltype(wants_text)>));
}

}  // namespace
}  // namespace multiprocess::detail
