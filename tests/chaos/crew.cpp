// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/crew.hpp"

#include "support/leftovers.hpp"
#include "support/sanitizer.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace multiprocess::test {
namespace {

constexpr std::chrono::seconds patience{3};

// The thread sanitizer does not see what other processes do: a block that one thread has put, that
// was freed elsewhere and is another thread's now, is a race to it.
constexpr std::uint32_t most_threads = under_thread_sanitizer ? 1 : 3;

StartMethod method_of(Start how) {
  return how == Start::spawn        ? StartMethod::spawn
         : how == Start::forkserver ? StartMethod::forkserver
                                    : StartMethod::fork;
}

Process start_process(Start how, const Works& works, const Task& task) {
  ProcessOptions options;
  options.start_method = method_of(how);
  Process process(options, &work, works, task);
  process.start();
  return process;
}

std::variant<std::unique_ptr<Forked>, Process> start(Start how, const Works& works,
                                                     const Task& task) {
  if (how == Start::plain) {
    return std::make_unique<Forked>([&] { work(works, task); });
  }
  return start_process(how, works, task);
}

}  // namespace

Victim::Victim(Start how, const Works& works, const Task& task)
    : task_(task), process_(start(how, works, task)) {}

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

bool Victim::kill() {
  strike();
  if (auto* const process = std::get_if<Process>(&process_)) {
    process->join();
  }
  return exit_code() == -SIGKILL;
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
  while (!victims_.empty()) {
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
    victims_.push_back(std::make_unique<Victim>(how, works_, task));
  }
}

/// How many items may be in the hands of a getter.
std::uint32_t Crew::hands_out(const Task& task) const {
  std::uint32_t hands = 0;
  for (std::uint32_t i = 0; i < task.threads && task.role == Role::get; ++i) {
    hands += ledger_->reaching[task.number + i];
  }
  return hands;
}

void Crew::take_out(std::size_t index) {
  Victim& victim = *victims_[index];
  const int code = victim.exit_code();
  if (code != 0 && code != -SIGKILL) {
    ledger_.note_fault("a " + std::string(name_of(victim.task().role)) + " ended with " +
                       std::to_string(code));
  }
  victims_.erase(victims_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Crew::kill(std::size_t index) {
  Victim& victim = *victims_[index];
  if (victim.kill()) {
    ++kills_;
    may_be_missing_ += hands_out(victim.task());
  }
  take_out(index);
}

void Crew::kill_all(Role role) {
  for (std::size_t i = victims_.size(); i-- > 0;) {
    if (victims_[i]->task().role == role) {
      kill(i);
    }
  }
}

void Crew::dismiss_ended() {
  for (std::size_t i = victims_.size(); i-- > 0;) {
    if (victims_[i]->has_ended()) {
      take_out(i);
    }
  }
}

std::size_t Crew::count(Role role) const {
  return static_cast<std::size_t>(
      std::count_if(victims_.begin(), victims_.end(),
                    [role](const auto& victim) { return victim->task().role == role; }));
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
    report(std::string(what) + " stands still", victims_.front()->task().kind);
  }
  return what != nullptr;
}

void Crew::report(const std::string& why, Kind kind) {
  std::fprintf(stderr, "%s after %lu kills\n%s\nlock: %s, holder %u\n", why.c_str(), kills_,
               describe_queue(works_, kind).c_str(), mp_repr(works_.lock).c_str(),
               ledger_->holder.load());
  for (const auto& victim : victims_) {
    std::fprintf(stderr, "%s %u:\n", name_of(victim->task().role), victim->task().number);
    for (const int thread : threads_of(victim->pid())) {
      std::fprintf(stderr, "  %s\n", describe_thread(victim->pid(), thread).c_str());
    }
  }
}

}  // namespace multiprocess::test
