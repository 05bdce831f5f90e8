// SPDX-License-Identifier: BSD-3-Clause
// What the keeper of descriptors has to do with signals and limits.
#include <multiprocess/detail/deposit.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/keeper.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <list>
#include <string>
#include <system_error>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::Deposit;
using test::Deposits;
using test::require;
using test::thing;

TEST_F(Deposits, DoNotDependOnWhoReapsTheProcessThatStartsTheKeeper) {
  test::kill_keeper();
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const Deposit kept(pipe_.write.get());
  std::signal(SIGCHLD, before);
  EXPECT_EQ(thing(withdraw(kept.number).get()), thing(pipe_.write.get()));
}

TEST_F(Deposits, AreRefusedWhenTheKeeperCanHoldNoMore) {
  test::kill_keeper();
  Child child([this] {
    const rlimit few{128, 128};
    setrlimit(RLIMIT_NOFILE, &few);  // also of the keeper that it starts
    std::list<Deposit> kept;
    const auto fill = [&] {
      try {
        while (kept.size() < 128) {
          kept.emplace_back(pipe_.write.get());
        }
      } catch (const std::system_error& error) {
        require(error.code() == std::errc::too_many_files_open);
        require(std::string(error.what()).find("keeper of descriptors") != std::string::npos);
      }
    };
    fill();
    const std::size_t most = kept.size();
    require(most >= 32 && most < 128);
    kept.pop_front();
    fill();
    require(kept.size() == most);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
  EXPECT_TRUE(test::deposits_become(0, 2s));
  test::kill_keeper();
}

}  // namespace
}  // namespace multiprocess::detail
