// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/process_options.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace mp = multiprocess;

namespace {

TEST(ProcessOptions, PrintWhatWasSaid) {
  EXPECT_EQ(fmt::format("{}", mp::ProcessOptions()), "ProcessOptions()");
  std::ostringstream out;
  out << mp::ProcessOptions{
      .name = "x", .daemon = false, .start_method = mp::StartMethod::spawn, .outlive_parent = true};
  EXPECT_EQ(out.str(),
            "ProcessOptions(name='x', daemon=False, start_method=spawn, outlive_parent=True)");
}

}  // namespace
