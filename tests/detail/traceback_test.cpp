// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/traceback.hpp>

#include <multiprocess/detail/target.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>

namespace detail = multiprocess::detail;

namespace multiprocess::detail {

[[gnu::noinline]] void throw_of_ours() {
  throw std::runtime_error("ours");
}

}  // namespace multiprocess::detail

namespace {

template <class F>
std::string describe(F f) {
  try {
    f();
  } catch (...) {
    return detail::describe_current_exception();
  }
  return "nothing was thrown";
}

struct Mishap : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[gnu::noinline]] void divide(int by) {
  if (by == 0) {
    throw Mishap("division by zero");
  }
}

[[gnu::noinline]] void work(const std::string& text) {
  divide(static_cast<int>(text.size()));
  asm volatile("");
}

TEST(Traceback, HasTypeAndMessage) {
  EXPECT_EQ(describe([] { throw multiprocess::ValueError("no such thing"); }),
            "multiprocess::ValueError: no such thing\n");
  EXPECT_EQ(describe([] { divide(0); }), "(anonymous namespace)::Mishap: division by zero\n");
}

TEST(Traceback, ShowsTheCallsTheMostRecentLast) {
  const std::string text = describe([] { detail::guarded_call([] { work(""); }); });
#if defined(__x86_64__)
  EXPECT_EQ(text.find("Traceback (most recent call last):\n  File \""), 0U) << text;
  const auto outer = text.find("in (anonymous namespace)::work(std::string const&)");
  const auto inner = text.find("in (anonymous namespace)::divide(int)");
  EXPECT_NE(inner, text.npos) << text;
  EXPECT_NE(outer, text.npos) << text;
  EXPECT_LT(outer, inner) << text;
#endif
  EXPECT_EQ(text.find("__cxa_throw"), text.npos) << text;
  EXPECT_EQ(text.find("multiprocess::detail::"), text.npos) << text;
  EXPECT_TRUE(text.ends_with("\n(anonymous namespace)::Mishap: division by zero\n")) << text;
}

TEST(Traceback, LeavesOutTheCallsInBetween) {
  const std::function<void()> wrapped = [] { std::apply(&work, std::tuple<std::string>("")); };
  const std::string text = describe([&] { detail::guarded_call(wrapped); });
  EXPECT_EQ(text.find("in std::"), text.npos) << text;
  EXPECT_EQ(text.find("in decltype(auto) std::"), text.npos) << text;
#if defined(__x86_64__)
  EXPECT_NE(text.find("::work("), text.npos) << text;
#endif
}

TEST(Traceback, LeavesOutOursAlsoWhereNamesStayUnreadable) {
  const auto target = [](const std::string& text) { work(text); };
  std::tuple<std::string> arguments;
  const std::string text = describe([&] {
    auto call = [&] { detail::call_with_stored(target, arguments); };
    detail::guarded_call(call);
  });
  EXPECT_EQ(text.find("call_with"), text.npos) << text;
#if defined(__x86_64__)
  EXPECT_NE(text.find("::work("), text.npos) << text;
#endif
}

TEST(Traceback, ShowsOursWhenThereAreNoOthers) {
  const std::string text = describe([] { detail::guarded_call(&detail::throw_of_ours); });
#if defined(__x86_64__)
  EXPECT_NE(text.find("in multiprocess::detail::throw_of_ours()"), text.npos) << text;
#endif
  EXPECT_TRUE(text.ends_with("std::runtime_error: ours\n")) << text;
}

TEST(Traceback, TellsTheCausesFirst) {
  const auto wrapped = [] {
    try {
      divide(0);
    } catch (...) {
      std::throw_with_nested(std::logic_error("cannot go on"));
    }
  };
  EXPECT_EQ(describe(wrapped),
            "(anonymous namespace)::Mishap: division by zero\n\n"
            "The above exception was the direct cause of the following exception:\n\n"
            "std::logic_error: cannot go on\n");
}

TEST(Traceback, QuotesARemoteOneAsPythonDoes) {
  const auto wrapped = [] {
    try {
      throw multiprocess::RemoteTraceback("std::logic_error: there\n");
    } catch (...) {
      std::throw_with_nested(std::logic_error("there"));
    }
  };
  EXPECT_EQ(describe(wrapped),
            "multiprocess::RemoteTraceback: \n\"\"\"\nstd::logic_error: there\n\"\"\"\n\n"
            "The above exception was the direct cause of the following exception:\n\n"
            "std::logic_error: there\n");
}

TEST(Traceback, KnowsThrownNumbersAndTexts) {
  EXPECT_EQ(describe([] { throw 42; }), "int: 42\n");
  EXPECT_EQ(describe([] { throw 'x'; }), "char: x\n");
  EXPECT_EQ(describe([] { throw "text"; }), "char const*: text\n");
  EXPECT_EQ(describe([] { throw std::string("text"); }), "std::string: text\n");
  EXPECT_EQ(describe([] { throw multiprocess::SystemExit(3); }), "multiprocess::SystemExit: 3\n");
  struct Mute : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  EXPECT_NE(describe([] { throw Mute(); }).find("Mute"), std::string::npos);
  struct Silent {};
  EXPECT_NE(describe([] { throw Silent(); }).find("Silent\n"), std::string::npos);
}

}  // namespace
