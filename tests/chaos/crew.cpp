// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/crew.hpp"

#include "chaos/arena_report.hpp"
#include "support/leftovers.hpp"
#include "support/sanitizer.hpp"

#include <multiprocess/detail/keeper.hpp>
#include <multiprocess/detail/participants.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace multiprocess::test {
namespace {

constexpr std::chrono::seconds patience{3};

// The thread sanitizer does not see what other processes do: a block that one thread has put, that
// was freed elsewhere and is another thread's now, is a race to it.
constexpr std::uint32_t most_threads = under_thread_sanitizer ? 1 : 3;

std::string describe_threads(int pid) {
  std::string threads;
  for (const int thread : threads_of(pid)) {
    threads += "  " + describe_thread(pid, thread) + "\n";
  }
  return threads;
}

}  // namespace

ProcessOptions Victim::options_for(Start how) {
  ProcessOptions options;
  options.start_method = how == Start::spawn        ? StartMethod::spawn
                         : how == Start::forkserver ? StartMethod::forkserver
                                                    : StartMethod::fork;
  return options;
}

int Victim::pid() const {
  return std::holds_alternative<Process>(process_) ? std::get<Process>(process_).pid()
                                                   : std::get<0>(process_)->pid();
}

bool Victim::has_ended() {
  return std::holds_alternative<Process>(process_)
             ? std::get<Process>(process_).exitcode().has_value()
             : std::get<0>(process_)->has_ended();
}

void Victim::strike() {
  if (auto* const process = std::get_if<Process>(&process_)) {
    process->kill();
  } else {
    std::get<0>(process_)->send(SIGKILL);
  }
}

std::string Victim::describe() const {
  return describe_threads(pid());
}

bool Victim::kill() {
  strike();
  return wait() == -SIGKILL;
}

int Victim::wait() {
  if (auto* const process = std::get_if<Process>(&process_)) {
    process->join();
  }
  return exit_code();
}

int Victim::exit_code() {
  if (auto* const process = std::get_if<Process>(&process_)) {
    return process->exitcode().value();
  }
  const int status = std::get<0>(process_)->wait();
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Crew::Crew(const Ledger& ledger, const Works& works, std::uint64_t seed)
    : ledger_(ledger), works_(works), random_(seed) {}

Crew::~Crew() {
  while (!members_.empty()) {
    kill(0);
  }
}

void Crew::hire(Start how, Role role, Kind kind, Pace pace) {
  const bool alone = pace != Pace::busy || role > Role::hold;
  const std::uint32_t threads = alone ? 1 : between(random_, 1, most_threads);
  std::uint32_t& number = numbers_[static_cast<std::size_t>(role)];
  const Task task{role, kind, number, threads, Ledger::most_items, random_(), pace};
  number += threads;
  if (number < Ledger::most_producers) {
    members_.push_back({task, std::make_unique<Victim>(how, &work, works_, task)});
  }
}

/// How many items may be in the hands of a getter.
std::uint32_t Crew::hands_out(const Task& task) const {
  const bool gets = task.role == Role::get || task.role == Role::consume;
  std::uint32_t hands = 0;
  for (std::uint32_t i = 0; i < task.threads && gets; ++i) {
    hands += ledger_->reaching[task.number + i];
  }
  return hands;
}

void Crew::take_out(std::size_t index) {
  const int code = members_[index].victim->exit_code();
  if (code != 0 && code != -SIGKILL) {
    ledger_.note_fault("a " + std::string(name_of(members_[index].task.role)) + " ended with " +
                       std::to_string(code));
  }
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Crew::kill(std::size_t index) {
  if (members_[index].victim->kill()) {
    ++kills_;
    may_be_missing_ += hands_out(members_[index].task);
  }
  take_out(index);
}

void Crew::kill_all(Role role) {
  for (std::size_t i = members_.size(); i-- > 0;) {
    if (members_[i].task.role == role) {
      kill(i);
    }
  }
}

void Crew::dismiss_ended() {
  for (std::size_t i = members_.size(); i-- > 0;) {
    if (members_[i].victim->has_ended()) {
      take_out(i);
    }
  }
}

std::size_t Crew::count(Role role) const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [role](const Member& member) { return member.task.role == role; }));
}

bool Crew::Progress::stands_still(std::uint64_t now, bool should_go_on) {
  const auto moment = std::chrono::steady_clock::now();
  if (now != last || !should_go_on) {
    last = now;
    since = moment;
  }
  return moment - since > patience;
}

bool Crew::hangs() {
  const char* what = nullptr;
  if (traffic_.stands_still(ledger_->traffic, count(Role::put) + count(Role::get) != 0)) {
    what = "the traffic";
  } else if (holdings_.stands_still(ledger_->holdings, count(Role::hold) != 0)) {
    what = "the lock";
  } else if (allocations_.stands_still(ledger_->allocations,
                                       count(Role::allocate) + count(Role::raise) != 0)) {
    what = "the allocation";
  } else if (clearings_.stands_still(ledger_->clearings, count(Role::clear) != 0)) {
    what = "the clearing away";
  }
  if (what != nullptr) {
    report(std::string(what) + " stands still", members_.front().task.kind);
  }
  return what != nullptr;
}

std::string Crew::describe(const Task& task) const {
  std::string text;
  for (std::uint32_t number = task.number; number < task.number + task.threads; ++number) {
    const Ledger::Producer& producer = ledger_->producers[number];
    text += fmt::format("{} {}", name_of(task.role), number);
    if (task.role == Role::put) {
      text += fmt::format(": {} items of {} put, {} begun, {} times short of memory",
                          producer.acknowledged.load(), task.quota, producer.begun.load(),
                          producer.shortages.load());
    } else if (task.role == Role::get) {
      text +=
          ledger_->reaching[number] != 0 ? ": has taken an item, perhaps" : ": has no item in hand";
    }
    text += "\n";
  }
  return text;
}

void Crew::report(const std::string& why, Kind kind) {
  std::fprintf(stderr, "%s after %lu kills\n%s\n%s %lu shortages\nlock: %s, holder %u\n",
               why.c_str(), kills_, describe_queue(works_, kind).c_str(), describe_heap().c_str(),
               ledger_->shortages.load(), mp_repr(works_.lock).c_str(), ledger_->holder.load());
  for (const auto& [task, victim] : members_) {
    std::fprintf(stderr, "%s%s", describe(task).c_str(), victim->describe().c_str());
  }
  const auto keeper = detail::Ticket::from(detail::keeper_state().keeper.load());
  if (keeper) {
    const auto pid = detail::pid_in(detail::participant(keeper.slot));
    std::fprintf(stderr, "keeper\n%s", describe_threads(static_cast<int>(pid)).c_str());
  }
}

}  // namespace multiprocess::test
