// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/start_method.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace mp = multiprocess;
using mp::StartMethod;

namespace {

TEST(StartMethod, HasPythonsNames) {
  for (const StartMethod method :
       {StartMethod::fork, StartMethod::spawn, StartMethod::forkserver}) {
    EXPECT_EQ(mp::parse_start_method(to_string(method)), method);
  }
  EXPECT_EQ(to_string(StartMethod::forkserver), "forkserver");
}

TEST(StartMethod, UnknownNameIsAValueError) {
  EXPECT_THROW(mp::parse_start_method("thread"), mp::ValueError);
  EXPECT_THROW(mp::parse_start_method(""), mp::ValueError);
}

TEST(StartMethod, PrintsItsName) {
  std::ostringstream out;
  out << StartMethod::spawn;
  EXPECT_EQ(out.str(), "spawn");
  EXPECT_EQ(fmt::format("{}", StartMethod::fork), "fork");
}

}  // namespace
