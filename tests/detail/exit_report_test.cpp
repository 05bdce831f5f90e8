// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/exit_report.hpp>

#include <multiprocess/detail/os/transfer.hpp>

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace detail = multiprocess::detail;
namespace os = multiprocess::detail::os;
using detail::Report;

namespace {

class ExitReport : public testing::Test {
 protected:
  std::pair<os::Handle, os::Handle> ends_ = os::make_channel();
};

TEST_F(ExitReport, TheExitCodeIsFoundBehindOtherReports) {
  detail::send_report(ends_.first.get(), {Report::Kind::started, 7});
  detail::send_report(ends_.first.get(), {Report::Kind::ended, -9});
  EXPECT_EQ(detail::receive_exit_code(ends_.second.get()), -9);
}

TEST_F(ExitReport, NobodyLeftToTellIsNoExitCode) {
  detail::send_report(ends_.first.get(), {Report::Kind::started, 7});
  ends_.first.reset();
  EXPECT_EQ(detail::receive_exit_code(ends_.second.get()), std::nullopt);
}

TEST_F(ExitReport, NobodyLeftToListenIsNoError) {
  ends_.second.reset();
  detail::send_report(ends_.first.get(), {Report::Kind::ended, 0});
}

TEST_F(ExitReport, CarriesASentinel) {
  const std::array given{ends_.first.get()};
  detail::send_report(ends_.first.get(), {Report::Kind::started, 7}, given);
  const auto received = detail::receive_report(ends_.second.get());
  EXPECT_EQ(received->report.value, 7);
  EXPECT_TRUE(received->sentinel);
}

}  // namespace
