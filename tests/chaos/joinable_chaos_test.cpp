// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/joinable_queue.hpp>

#include <multiprocess/detail/forkserver.hpp>

#include "chaos/chaos.hpp"

#include <gtest/gtest.h>

#include <chrono>

// Kills those who put jobs, do jobs, and wait until all are done, at random. When nobody puts any
// more and everything is said to be done, every single job is, or was in the hand of a killed one.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

struct Account {
  std::uint64_t acknowledged = 0;
  std::uint64_t unnoted = 0;    // acknowledged, and nobody has noted that he has it
  std::uint64_t unsaid = 0;     // acknowledged, and nobody began to say that it is done
  std::uint64_t uncertain = 0;  // perhaps put, and nobody came back from saying that it is done
};

Account account_of(const Ledger& ledger, std::uint32_t producers) {
  Account account;
  for (std::uint32_t producer = 0; producer < producers; ++producer) {
    const std::uint32_t begun = ledger->producers[producer].begun;
    const std::uint32_t acknowledged = ledger->producers[producer].acknowledged;
    account.acknowledged += acknowledged;
    for (std::uint32_t item = 0; item < begun; ++item) {
      const std::uint8_t progress = ledger->received[producer][item];
      account.unnoted += item < acknowledged && progress == 0 ? 1 : 0;
      account.unsaid += item < acknowledged && progress < Ledger::saying ? 1 : 0;
      account.uncertain += progress < Ledger::said ? 1 : 0;
    }
  }
  return account;
}

class JoinableChaos : public Chaos {
 protected:
  void run(const std::vector<Start>& starts, std::uint64_t kills) {
    const Ledger ledger;
    const Works works = make_works(ledger, 30);
    Crew crew(ledger, works, random_());
    while (crew.kills() < kills) {
      fill_up(crew, Kind::jobs, starts, Role::put, between(random_, 1, 3));
      do {
        harass(crew, starts);
        ASSERT_FALSE(crew.hangs());
      } while (crew.count(Role::put) != 0);
      const auto end = std::chrono::steady_clock::now() + 10s;
      while (!works.jobs.join(std::chrono::microseconds(between(random_, 0, 1'000)))) {
        harass(crew, starts);
        ASSERT_LT(std::chrono::steady_clock::now(), end)
            << (crew.report("join waits for nothing", Kind::jobs), "");
      }
      ASSERT_NO_FATAL_FAILURE(compare(works, account_of(ledger, crew.hired(Role::put)), crew));
    }
    for (const Role role : {Role::consume, Role::join, Role::clear}) {
      crew.kill_all(role);
    }
    const Account account = account_of(ledger, crew.hired(Role::put));
    totals.acknowledged += account.acknowledged;
    totals.received += account.acknowledged - account.uncertain;
    totals.in_hand += static_cast<std::uint64_t>(works.jobs.lost());
    expect_few_excuses(crew, account.unnoted);
    add_up(ledger, crew);
  }

 private:
  void harass(Crew& crew, const std::vector<Start>& starts) {
    fill_up(crew, Kind::jobs, starts, Role::consume, 3);
    fill_up(crew, Kind::jobs, starts, Role::join, 1);
    fill_up(crew, Kind::jobs, starts, Role::clear, 1);
    pause();
    kill_somebody(crew);
    crew.dismiss_ended();
  }

  static void compare(const Works& works, const Account& account, const Crew& crew) {
    const auto lost = static_cast<std::uint64_t>(works.jobs.lost());
    ASSERT_EQ(works.jobs.qsize(), 0);
    ASSERT_GE(lost, account.unsaid) << "join was early";
    ASSERT_LE(lost, account.uncertain) << "more is lost than was in any hand";
    ASSERT_LE(account.unnoted, crew.may_be_missing()) << "counted as lost, and in no hand either";
  }
};

TEST_F(JoinableChaos, OfForkedProcesses) {
  run({Start::plain, Start::fork}, scaled(1500));
}
TEST_F(JoinableChaos, OfSpawnedProcesses) {
  run({Start::spawn}, scaled(60));
}
TEST_F(JoinableChaos, OfProcessesOfTheForkServer) {
  run({Start::forkserver}, scaled(150));
  detail::stop_server();
}

}  // namespace
}  // namespace multiprocess::test
