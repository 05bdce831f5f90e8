// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace mp = multiprocess;

namespace {

template <class Derived, class Base>
constexpr bool derives = std::is_base_of_v<Base, Derived>&& std::is_convertible_v<Derived*, Base*>;

static_assert(derives<mp::ProcessError, std::runtime_error>);
static_assert(derives<mp::TimeoutError, mp::ProcessError>);
static_assert(derives<mp::TaskTimeout, mp::TimeoutError>);
static_assert(derives<mp::OwnerDied, mp::ProcessError>);
static_assert(derives<mp::BufferTooShort, mp::ProcessError>);
static_assert(derives<mp::AuthenticationError, mp::ProcessError>);
static_assert(derives<mp::WorkerDied, mp::ProcessError>);
static_assert(derives<mp::BrokenProcessPool, mp::ProcessError>);
static_assert(derives<mp::Cancelled, mp::ProcessError>);
static_assert(derives<mp::Empty, std::runtime_error> && !derives<mp::Empty, mp::ProcessError>);
static_assert(derives<mp::Full, std::runtime_error>);
static_assert(derives<mp::ShutDown, std::runtime_error>);
static_assert(derives<mp::BrokenBarrierError, std::runtime_error>);
static_assert(derives<mp::EOFError, std::runtime_error>);
static_assert(derives<mp::RuntimeError, std::runtime_error>);
static_assert(derives<mp::ValueError, std::invalid_argument>);
static_assert(derives<mp::TypeError, std::logic_error>);
static_assert(derives<mp::AssertionError, std::logic_error>);
static_assert(derives<mp::NotSendable, mp::TypeError>);
static_assert(derives<mp::MaybeEncodingError, mp::NotSendable>);
static_assert(derives<mp::KeyError, std::out_of_range>);
static_assert(derives<mp::IndexError, std::out_of_range>);
static_assert(derives<mp::AttributeError, std::logic_error>);
static_assert(!derives<mp::RemoteError, std::exception>);
static_assert(!derives<mp::SystemExit, std::exception>);
static_assert(std::is_nothrow_copy_constructible_v<mp::BufferTooShort>);
static_assert(std::is_nothrow_copy_constructible_v<mp::SystemExit>);

TEST(Error, DefaultTextsSayWhatHappened) {
  EXPECT_STREQ(mp::Empty().what(), "the queue is empty");
  EXPECT_STREQ(mp::Empty("nothing in here").what(), "nothing in here");
}

TEST(BufferTooShort, KeepsTheMessage) {
  const mp::BufferTooShort error({std::byte{1}, std::byte{2}});
  const mp::BufferTooShort copy = error;
  EXPECT_EQ(copy.message(), (std::vector{std::byte{1}, std::byte{2}}));
  EXPECT_STREQ(copy.what(), "the buffer is too short for a message of 2 bytes");
}

TEST(WorkerDied, SaysWhoAndHow) {
  EXPECT_STREQ(mp::WorkerDied(12, -9).what(),
               "worker process 12 was killed by signal 9 before its task was done");
  const mp::WorkerDied error(13, 3);
  EXPECT_STREQ(error.what(), "worker process 13 ended with exit code 3 before its task was done");
  EXPECT_EQ(error.pid(), 13);
  EXPECT_EQ(error.exitcode(), 3);
}

TEST(RemoteTraceback, PrintsAsItsText) {
  const mp::RemoteTraceback traceback("std::logic_error: there\n");
  EXPECT_EQ(fmt::format("{}", traceback), "std::logic_error: there\n");
  std::ostringstream out;
  out << traceback;
  EXPECT_EQ(out.str(), "std::logic_error: there\n");
}

TEST(SystemExit, PassesThroughCatchesOfStdExceptions) {
  const auto leave = [] {
    try {
      throw mp::SystemExit("bye");
    } catch (const std::exception&) {
      return;
    }
  };
  try {
    leave();
    FAIL();
  } catch (const mp::SystemExit& exit) {
    EXPECT_EQ(exit.code(), 1);
    ASSERT_NE(exit.message(), nullptr);
    EXPECT_EQ(*exit.message(), "bye");
  }
  EXPECT_EQ(mp::SystemExit(3).code(), 3);
  EXPECT_EQ(mp::SystemExit(3).message(), nullptr);
}

TEST(SystemExit, PrintsAsInPython) {
  EXPECT_EQ(fmt::format("{}", mp::SystemExit(3)), "SystemExit(3)");
  std::ostringstream out;
  out << mp::SystemExit("it's over");
  EXPECT_EQ(out.str(), "SystemExit(\"it's over\")");
}

}  // namespace
