// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle_limit.hpp>

#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "support/child.hpp"
#include "support/handle_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::HandleLimit;

namespace {

constexpr rlim_t low = 64;

rlimit limit() {
  rlimit found{};
  getrlimit(RLIMIT_NOFILE, &found);
  return found;
}

/// In a process of its own: what is raised stays so.
template <class F>
void where_the_limit_is_low(F body) {
  Child child([&] {
    const HandleLimit usual(low);
    body();
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(HandleLimit, GoesToWhatIsAllowed) {
  where_the_limit_is_low([] {
    EXPECT_EQ(os::raise_handle_limit(), limit().rlim_max);
    EXPECT_EQ(limit().rlim_cur, limit().rlim_max);
  });
}

TEST(HandleLimit, IsTheOldOneInForkedChildren) {
  where_the_limit_is_low([] {
    os::raise_handle_limit();
    Child child([] {
      EXPECT_EQ(limit().rlim_cur, low);
      EXPECT_EQ(os::raise_handle_limit(), limit().rlim_max) << "it may have more itself";
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(limit().rlim_cur, limit().rlim_max);
  });
}

TEST(HandleLimit, IsTheOldOneInProgramsThatAreStarted) {
  where_the_limit_is_low([] {
    os::raise_handle_limit();
    const std::string script = testing::TempDir() + "limit" + std::to_string(getpid());
    std::FILE* const file = std::fopen(script.c_str(), "w");
    std::fprintf(file, "#!/bin/sh\nuntil test $(ulimit -Sn) = %d; do :; done\n",
                 static_cast<int>(low));
    fchmod(fileno(file), 0700);
    std::fclose(file);
    const os::Started program =
        os::start_program({.executable = script, .record = std::array<std::byte, 1>{}});
    os::wait_ended(program.sentinel.get(), os::never);
    EXPECT_EQ(os::take_exit_code(program.sentinel.get()), 0);
    unlink(script.c_str());
  });
}

TEST(HandleLimit, HasRoomAboveTheOldOne) {
  where_the_limit_is_low([] {
    EXPECT_FALSE(os::duplicate_out_of_the_way(STDIN_FILENO)) << "not before";
    os::raise_handle_limit();
    const os::Handle one = os::duplicate_out_of_the_way(STDIN_FILENO);
    EXPECT_GE(one.get(), low);
    EXPECT_LT(os::duplicate(STDIN_FILENO).get(), low);
    const HandleLimit none_above(low);
    EXPECT_FALSE(os::duplicate_out_of_the_way(STDIN_FILENO));
  });
}

}  // namespace
