// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/detail/forkserver.hpp>

#include "chaos/chaos.hpp"
#include "chaos/partners.hpp"
#include "support/keeper.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

// Kills those who send through pipes and those who receive, at random, and accounts for every
// message afterwards; and everybody at one end, and looks when those at the other one know it.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The keeper is there before anything is counted, and keeps nothing afterwards.
template <class Base>
class WithKeeper : public Base {
 protected:
  void SetUp() override {
    {
      const Queue<Fd> queue;
      queue.put(Fd::duplicate(STDIN_FILENO));
    }
    EXPECT_TRUE(deposits_become(0, 5s));
    Base::SetUp();
  }
  void TearDown() override {
    Base::TearDown();  // all deaths are noticed
    EXPECT_TRUE(deposits_become(0, 5s)) << "the keeper keeps what no message brings any more";
  }
};

/// Several processes at each end of one pipe.
class PipeTraffic : public WithKeeper<Traffic> {
 protected:
  void run(Kind kind, const std::vector<Start>& starts, std::uint64_t kills) {
    const Ledger ledger;
    Works works = make_works(ledger, 0);
    auto [reader, writer] = Pipe(false);
    works.mail.reader.push_back(std::move(reader));
    works.mail.writer.push_back(std::move(writer));
    Traffic::run(works, ledger, kind, starts, kills);
  }
};

TEST_F(PipeTraffic, OfNumbers) {
  run(Kind::mail_stamps, {Start::plain, Start::fork}, scaled(300));
}
TEST_F(PipeTraffic, OfParcels) {
  run(Kind::mail_parcels, {Start::plain, Start::fork}, scaled(400));
}
TEST_F(PipeTraffic, OfLetters) {
  run(Kind::mail_letters, {Start::plain, Start::fork}, scaled(300));
}
TEST_F(PipeTraffic, OfBundles) {
  run(Kind::mail_bundles, {Start::plain, Start::fork}, scaled(300));
}
TEST_F(PipeTraffic, BetweenSpawnedProcesses) {
  run(Kind::mail_bundles, {Start::spawn}, scaled(60));
}
TEST_F(PipeTraffic, BetweenProcessesOfTheForkServer) {
  run(Kind::mail_parcels, {Start::forkserver}, scaled(100));
  detail::stop_server();
}

/// Processes at both ends of a pipe, and all at one end are killed; sometimes all at the other one
/// as well, a moment later.
class LastOnes : public WithKeeper<Chaos> {
 protected:
  void run(const std::vector<Start>& starts, std::uint64_t kills) {
    while (kills_ < kills && !HasFatalFailure()) {
      play(starts);
    }
    near_.clear();  // a Process keeps its arguments
    far_.clear();
    totals.kills += kills_;
    judge_delays();
  }

 private:
  struct Member {
    Partnership task;
    std::unique_ptr<Victim> victim;
    std::chrono::nanoseconds waited{0};  // for a CPU, until those at the other end were gone
  };
  using Side = std::vector<Member>;

  template <class T>
  T one_of(const std::vector<T>& all) {
    return all[between(random_, 0, static_cast<std::uint32_t>(all.size()) - 1)];
  }

  void play(const std::vector<Start>& starts) {
    const Ledger ledger;
    near_.clear();
    far_.clear();
    {
      const auto [near_end, far_end] = Pipe();
      hire_all(ledger, starts, near_end, far_end);
      // A child of a plain fork has what we have once it is at work.
      ASSERT_TRUE(becomes([&] { return are_at_work(ledger); })) << report();
    }
    pause();
    const Clock::time_point death = kill_all(far_);
    if (between(random_, 0, 3) == 0) {
      pause();
      kill_all(near_);
      EXPECT_EQ(ledger->faults, 0) << ledger->first_fault.data();
      return;
    }
    for (Member& member : near_) {
      member.waited = waited_for_cpu(member.victim->pid());
    }
    for (Member& member : near_) {
      ASSERT_NO_FATAL_FAILURE(expect_end(ledger, member, death));
    }
    EXPECT_EQ(ledger->faults, 0) << ledger->first_fault.data();
    account(ledger);
  }

  void hire_all(const Ledger& ledger, const std::vector<Start>& starts, const Connection& near_end,
                const Connection& far_end) {
    const auto kind = one_of<Kind>(
        {Kind::mail_stamps, Kind::mail_parcels, Kind::mail_letters, Kind::mail_bundles});
    const Ends near{ledger.path(), {near_end}, {far_end}};
    const Ends far{ledger.path(), {far_end}, {near_end}};
    const std::uint32_t count = between(random_, 2, 4);
    for (std::uint32_t number = 0; number < count; ++number) {
      const bool at_far = far_.empty() || (!near_.empty() && between(random_, 0, 1) == 0);
      const auto habit = static_cast<Habit>(between(random_, 0, habits - 1));
      const std::uint32_t quota = between(random_, 0, 1) * Ledger::most_items;
      const Partnership task{habit, kind, number, quota, random_()};
      const Ends& ends = at_far ? far : near;
      (at_far ? far_ : near_)
          .push_back({task, std::make_unique<Victim>(one_of(starts), &be_partner, ends, task), {}});
    }
  }

  bool are_at_work(const Ledger& ledger) const {
    return std::all_of(ledger->began.begin(), ledger->began.begin() + near_.size() + far_.size(),
                       [](const auto& began) { return began != 0; });
  }

  /// When the last of them was gone.
  Clock::time_point kill_all(Side& side) {
    for (Member& member : side) {
      if (between(random_, 0, 1) == 0) {
        pause();
      }
      member.victim->strike();
    }
    for (Member& member : side) {
      kills_ += member.victim->kill() ? 1 : 0;
    }
    return Clock::now();
  }

  /// It knows that nobody is left at the other end, after the last message that waits for it.
  void expect_end(const Ledger& ledger, Member& member, Clock::time_point death) {
    const std::uint32_t number = member.task.number;
    ASSERT_TRUE(becomes([&] { return ledger->ended[number] != 0; }))
        << name_of(member.task.habit) << " does not know that nobody is left at the other end\n"
        << report();
    EXPECT_EQ(member.victim->wait(), 0);
    const Clock::time_point latest{Clock::duration(ledger->latest[number])};
    const Clock::time_point ended{Clock::duration(ledger->ended[number])};
    const std::chrono::nanoseconds waited{ledger->waited[number]};
    delays_.push_back(
        std::max<Clock::duration>(ended - std::max(death, latest) - (waited - member.waited), 0ns));
  }

  /// All know it within a few milliseconds, and where nobody tells by looking themselves. That they
  /// wait for a CPU is not counted; but they may wait for another one who does, so that two of a
  /// hundred, or one, may be late.
  void judge_delays() {
    ASSERT_FALSE(delays_.empty());
    std::sort(delays_.begin(), delays_.end());
    const auto late = delays_.end() - std::upper_bound(delays_.begin(), delays_.end(), 100ms);
    const auto milliseconds = [](Clock::duration delay) {
      return std::chrono::duration<double, std::milli>(delay).count();
    };
    std::printf("%zu others knew it: half of them within %.1f ms, all within %.1f ms, %td late\n",
                delays_.size(), milliseconds(delays_[delays_.size() / 2]),
                milliseconds(delays_.back()), late);
    EXPECT_LE(late, 1 + std::ssize(delays_) / 50);
  }

  template <class Condition>
  static bool becomes(Condition condition) {
    const auto end = Clock::now() + 5s;
    while (!condition() && Clock::now() < end) {
      std::this_thread::sleep_for(20us);
    }
    return condition();
  }

  std::string report() const {
    std::string text;
    for (const Side* side : {&near_, &far_}) {
      text += side == &near_ ? "the one end:\n" : "the other end:\n";
      for (const Member& member : *side) {
        text += std::string(" ") + name_of(member.task.habit) + "\n" + member.victim->describe();
      }
    }
    return text;
  }

  /// Who received to the end has received everything.
  void account(const Ledger& ledger) const {
    const bool all = std::all_of(near_.begin(), near_.end(), [](const Member& member) {
      return only_receives(member.task.habit);
    });
    for (const Member& member : far_) {
      const std::uint32_t number = member.task.number;
      const std::uint32_t acknowledged = ledger->producers[number].acknowledged;
      const auto& received = ledger->received[number];
      const auto arrived = static_cast<std::uint32_t>(
          std::count_if(received.begin(), received.begin() + acknowledged,
                        [](const auto& times) { return times != 0; }));
      EXPECT_TRUE(!all || arrived == acknowledged) << "lost: " << acknowledged - arrived;
      totals.acknowledged += acknowledged;
      totals.received += arrived;
    }
  }

  Side near_;
  Side far_;
  std::uint64_t kills_ = 0;
  std::vector<Clock::duration> delays_;
};

TEST_F(LastOnes, OfForkedProcesses) {
  run({Start::plain, Start::fork}, scaled(500));
}
TEST_F(LastOnes, OfSpawnedProcesses) {
  run({Start::spawn}, scaled(50));
}
TEST_F(LastOnes, OfProcessesOfTheForkServer) {
  run({Start::forkserver}, scaled(100));
  detail::stop_server();
}
TEST_F(LastOnes, OfAllSorts) {
  run({Start::plain, Start::fork, Start::spawn, Start::forkserver}, scaled(60));
  detail::stop_server();
}

}  // namespace
}  // namespace multiprocess::test
