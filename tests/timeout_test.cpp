// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/timeout.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::Block;
using mp::Timeout;
using std::chrono::duration;
using std::chrono::nanoseconds;

namespace {

template <class T>
constexpr bool makes_timeout = std::is_convertible_v<T, Timeout>;

static_assert(makes_timeout<std::nullopt_t> && makes_timeout<std::chrono::hours>);
static_assert(makes_timeout<duration<double>> && makes_timeout<duration<float, std::pico>>);
static_assert(!makes_timeout<int> && !makes_timeout<double> && !makes_timeout<bool>);
static_assert(!makes_timeout<char> && !makes_timeout<const char*> && !makes_timeout<std::string>);
static_assert(!makes_timeout<std::nullptr_t> && !makes_timeout<unsigned long>);
static_assert(std::is_convertible_v<bool, Block> && !std::is_convertible_v<int, Block>);
static_assert(!std::is_convertible_v<const char*, Block>);
static_assert(!std::is_convertible_v<std::nullptr_t, Block>);
static_assert(!std::is_default_constructible_v<Timeout>);
static_assert(Timeout(5ms).duration() == 5'000'000ns && mp::forever.is_forever());

/// The overloads that every blocking call has.
enum class Chosen { block, timeout };
Chosen get(Block = true, Timeout = mp::forever) {
  return Chosen::block;
}
Chosen get(Timeout) {
  return Chosen::timeout;
}

template <class Argument>
concept get_takes = requires(Argument argument) {
  get(argument);
};
static_assert(get_takes<bool> && get_takes<std::chrono::seconds> && get_takes<std::nullopt_t>);
static_assert(!get_takes<int> && !get_takes<const char*> && !get_takes<double>);

TEST(Timeout, IsChosenByTypeAmongTheOverloads) {
  EXPECT_EQ(get(), Chosen::block);
  EXPECT_EQ(get(true), Chosen::block);
  EXPECT_EQ(get(false, 5s), Chosen::block);
  EXPECT_EQ(get(0.5s), Chosen::timeout);
  EXPECT_EQ(get(std::nullopt), Chosen::timeout);
  EXPECT_EQ(get(mp::forever), Chosen::timeout);
}

TEST(Timeout, RoundsUp) {
  EXPECT_EQ(Timeout(0.5s).duration(), 500ms);
  EXPECT_EQ(Timeout(duration<double, std::nano>(0.001)).duration(), 1ns);
  EXPECT_EQ(Timeout(duration<int, std::pico>(1001)).duration(), 2ns);
  EXPECT_EQ(Timeout(duration<int, std::pico>(1000)).duration(), 1ns);
  EXPECT_EQ(Timeout(duration<int, std::ratio<1, 3>>(1)).duration(), 333'333'334ns);
  EXPECT_EQ(Timeout(duration<float>(0.25F)).duration(), 250ms);
}

TEST(Timeout, NegativeIsZero) {
  EXPECT_EQ(Timeout(-5s).duration(), 0ns);
  EXPECT_EQ(Timeout(-0.1s).duration(), 0ns);
  EXPECT_EQ(Timeout(duration<double>(-INFINITY)).duration(), 0ns);
  EXPECT_EQ(Timeout(std::chrono::hours::min()).duration(), 0ns);
}

TEST(Timeout, BeyondTheClockIsForever) {
  EXPECT_TRUE(Timeout(std::chrono::hours::max()).is_forever());
  EXPECT_TRUE(Timeout(duration<double>(INFINITY)).is_forever());
  EXPECT_TRUE(Timeout(duration<double>(1e30)).is_forever());
  EXPECT_TRUE(Timeout(duration<std::int64_t, std::exa>(1)).is_forever());
  EXPECT_TRUE(Timeout(duration<std::uint64_t>(UINT64_MAX)).is_forever());
  EXPECT_EQ(Timeout(nanoseconds::max()), mp::forever);
  EXPECT_FALSE(Timeout(nanoseconds::max() - 1ns).is_forever());
  EXPECT_EQ(Timeout(std::chrono::hours(24 * 365)).duration(), std::chrono::hours(24 * 365));
}

TEST(Timeout, NaNIsAValueError) {
  EXPECT_THROW(Timeout(duration<double>(NAN)), mp::ValueError);
  EXPECT_THROW(Timeout(duration<float, std::milli>(NAN)), mp::ValueError);
}

TEST(Timeout, DeadlineLiesThatFarAhead) {
  const auto before = std::chrono::steady_clock::now();
  const auto deadline = Timeout(10s).deadline();
  EXPECT_GE(deadline, before + 10s);
  EXPECT_LE(deadline, std::chrono::steady_clock::now() + 10s);
  EXPECT_EQ(mp::forever.deadline(), mp::detail::os::never);
  EXPECT_EQ(Timeout(0s).deadline(), mp::detail::os::at_once);
  EXPECT_EQ(Timeout(nanoseconds::max() - 1ns).deadline(), mp::detail::os::never);
  EXPECT_LT(Timeout(0s).deadline(), before);
}

TEST(Block, WithoutItTheTimeoutIsZero) {
  EXPECT_EQ(mp::effective_timeout(false, 5s), Timeout(0s));
  EXPECT_EQ(mp::effective_timeout(true, 5s), Timeout(5s));
  EXPECT_EQ(mp::effective_timeout(true, mp::forever), mp::forever);
}

TEST(Timeout, PrintsSecondsOrNone) {
  EXPECT_EQ(fmt::format("{} {} {}", Timeout(1500ms), Timeout(2s), mp::forever), "1.5 2 None");
  EXPECT_EQ(fmt::format("{} {}", mp::Block(true), mp::Block(false)), "True False");
}

}  // namespace
