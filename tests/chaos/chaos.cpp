// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/chaos.hpp"

#include "chaos/arena_report.hpp"

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/word.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace multiprocess::test {

using namespace std::chrono_literals;

namespace {

InUse in_use() {
  { const Lock lock; }  // drops what waited for the end of children
  detail::return_magazines();
  InUse all{detail::heap_use()};
  all.heap.private_blocks -= detail::self().account_blocks.size();  // these a process keeps
  for (std::uint32_t slot = 1; slot <= detail::most_participants; ++slot) {
    all.places += detail::life_of(detail::participant(slot).life) != detail::Life::free ? 1 : 0;
  }
  return all;
}

}  // namespace

Totals& totals = *static_cast<Totals*>(testing::AddGlobalTestEnvironment(new Totals));

double Totals::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void Totals::SetUp() {
  chaos_seed();
}

void Totals::TearDown() {
  const double took = seconds();
  std::printf(
      "kills=%lu in %.1f s (%.0f/s) acknowledged=%lu received=%lu in_hand=%lu "
      "excuses=%lu shortages=%lu seed=%lu\n",
      kills, took, static_cast<double>(kills) / took, acknowledged, received, in_hand, excuses,
      shortages, chaos_seed());
}

void add_up(const Ledger& ledger, const Crew& crew) {
  EXPECT_EQ(ledger->faults, 0) << ledger->first_fault.data();
  totals.kills += crew.kills();
  totals.shortages += ledger->shortages;
}

Chaos::Chaos() : random_(chaos_seed() + ++tests_) {
  const char* const named = std::getenv("MULTIPROCESS_CHAOS_WITHOUT");
  const std::string_view without = named == nullptr ? "" : named;
  detail::cures().broadcast = without.find("broadcast") == without.npos;
  detail::cures().backstop = without.find("backstop") == without.npos;
}

void Chaos::SetUp() {
  before_ = in_use();
}

void Chaos::TearDown() {
  const auto end = std::chrono::steady_clock::now() + 5s;
  InUse now = in_use();
  while (now != before_ && std::chrono::steady_clock::now() < end) {
    detail::check_everybody();
    std::this_thread::sleep_for(10ms);
    now = in_use();
  }
  EXPECT_EQ(now.heap.objects, before_.heap.objects);
  EXPECT_EQ(now.heap.parts, before_.heap.parts);
  EXPECT_EQ(now.heap.private_blocks, before_.heap.private_blocks);
  EXPECT_EQ(now.places, before_.places) << describe_places();
  if (HasFailure()) {
    std::printf("to repeat: MULTIPROCESS_CHAOS_SEED=%lu\n", chaos_seed());
  }
}

Works Chaos::make_works(const Ledger& ledger, std::ptrdiff_t capacity) {
  return {ledger.path(),
          Queue<Stamp>(capacity),
          Queue<Parcel>(capacity),
          Queue<Letter>(capacity),
          JoinableQueue<Stamp>(capacity),
          Lock(),
          {}};
}

void Chaos::pause() {
  std::this_thread::sleep_for(std::chrono::microseconds(between(random_, 0, 1'000)));
}

void Chaos::kill_somebody(Crew& crew) {
  crew.kill(between(random_, 0, static_cast<std::uint32_t>(crew.size()) - 1));
}

void Chaos::fill_up(Crew& crew, Kind kind, const std::vector<Start>& starts, Role role,
                    std::size_t wanted) {
  while (crew.count(role) < wanted) {
    crew.hire(starts[between(random_, 0, static_cast<std::uint32_t>(starts.size()) - 1)], role,
              kind);
  }
}

void expect_few_excuses(const Crew& crew, std::uint64_t missing) {
  const std::uint64_t excuses = crew.may_be_missing();
  if (Ledger::knows_hands) {
    EXPECT_LE(excuses, missing + 3 + crew.kills() / 50) << "more lost ones would not be seen";
  }
  totals.excuses += excuses;
}

void expect_accounted(const Ledger& ledger, const Crew& crew) {
  const Ledger::Sums sums = ledger.sums();
  EXPECT_LE(sums.missing, crew.may_be_missing()) << "lost";
  expect_few_excuses(crew, sums.missing);
  EXPECT_GT(sums.received, 0);
  totals.acknowledged += sums.acknowledged;
  totals.received += sums.received;
  totals.in_hand += sums.missing;
  add_up(ledger, crew);
}

void Traffic::run(const Works& works, const Ledger& ledger, Kind kind,
                  const std::vector<Start>& starts, std::uint64_t kills) {
  Crew crew(ledger, works, random_());
  while (crew.kills() < kills) {
    for (const Role role : {Role::put, Role::get, Role::hold, Role::allocate, Role::clear}) {
      fill_up(crew, kind, starts, role);
    }
    pause();
    kill_somebody(crew);
    crew.dismiss_ended();
    ASSERT_FALSE(crew.hangs());
  }
  while (crew.count(Role::put) != 0) {
    fill_up(crew, kind, starts, Role::get);
    crew.dismiss_ended();
    ASSERT_FALSE(crew.hangs());
  }
  fill_up(crew, kind, starts, Role::get);
  for (const Role role : {Role::hold, Role::allocate, Role::clear}) {
    crew.kill_all(role);
  }
  shut_down(works, kind);
  while (crew.size() != 0) {
    crew.dismiss_ended();
    ASSERT_FALSE(crew.hangs());
  }
  EXPECT_EQ(items_in(works, kind), 0);
  expect_accounted(ledger, crew);
}

void Traffic::fill_up(Crew& crew, Kind kind, const std::vector<Start>& starts, Role role) {
  Chaos::fill_up(crew, kind, starts, role, role == Role::put || role == Role::get ? 3 : 1);
}

}  // namespace multiprocess::test
