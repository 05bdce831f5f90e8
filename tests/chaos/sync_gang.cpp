// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/sync_gang.hpp"

#include <multiprocess/error.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

void note_fault(Board& board, const char* what) {
  if (board.faults.fetch_add(1) == 0) {
    std::strncpy(board.first_fault.data(), what, board.first_fault.size() - 1);
  }
}

void pause_sometimes(Random& random, std::uint32_t one_in, std::uint32_t most_microseconds) {
  if (between(random, 1, one_in) == 1) {
    std::this_thread::sleep_for(std::chrono::microseconds(between(random, 0, most_microseconds)));
  }
}

Timeout some_time(Random& random) {
  return between(random, 0, 2) == 0 ? Timeout(std::chrono::microseconds(between(random, 0, 500)))
                                    : forever;
}

void hold(const SyncWorks& works, Board& board, const SyncTask& task, Random& random) {
  if (!works.lock.acquire(some_time(random))) {
    return;
  }
  const std::uint32_t depth = between(random, 0, 2);
  for (std::uint32_t i = 0; i < depth; ++i) {
    works.lock.acquire();
  }
  if (board.holder.exchange(task.number + 1) != 0 && !works.lock.owner_died()) {
    note_fault(board, "two holders of one lock");
  }
  pause_sometimes(random, 4, 100);
  if (board.holder.exchange(0) != task.number + 1) {
    note_fault(board, "a lock was robbed");
  }
  for (std::uint32_t i = 0; i <= depth; ++i) {
    works.lock.release();
  }
  ++board.turns;
  pause_sometimes(random, 16, 100);
}

void share(const SyncWorks& works, Board& board, const SyncTask& task, Random& random) {
  if (!works.units.acquire(some_time(random))) {
    return;
  }
  const std::uint64_t mine = std::uint64_t{1} << task.number;
  const std::uint64_t all = board.inside.fetch_or(mine) | mine;
  if (std::popcount(all & ~(all >> 32) & 0xffffffff) > SyncWorks::units_at_first) {
    note_fault(board, "more units than there are");
  }
  pause_sometimes(random, 4, 100);
  board.inside.fetch_and(~mine);
  works.units.release();
  ++board.turns;
  pause_sometimes(random, 16, 100);
}

void consume(const SyncWorks& works, Board& board, Timeout timeout) {
  const std::scoped_lock guard(works.condition);
  if (works.condition.owner_died()) {
    works.condition.notify_all();  // whom it would have notified is not known
  }
  const auto any = [&board] { return board.tokens != 0; };
  if (works.condition.wait_for(any, timeout)) {
    --board.tokens;
    ++board.turns;
  }
}

void produce(const SyncWorks& works, Board& board, Random& random) {
  {
    const std::scoped_lock guard(works.condition);
    const std::uint32_t count = between(random, 1, 3);
    board.tokens += count;
    count == 3 ? works.condition.notify_all() : works.condition.notify(count);
  }
  pause_sometimes(random, 2, 500);
}

void meet(const SyncWorks& works, Board& board) {
  try {
    works.barrier.wait();
    ++board.turns;
  } catch (const BrokenBarrierError&) {
    while (works.barrier.broken()) {
      std::this_thread::sleep_for(100us);
    }
  }
}

void follow(const SyncWorks& works, Board& board, const SyncTask& task) {
  for (std::uint64_t round = task.round;; ++round) {
    board.passed[task.number] = round;
    works.events[round % 2].wait();
  }
}

void toil(const SyncWorks& works, Board& board, const SyncTask& task, Random& random) {
  switch (task.toil) {
    case Toil::hold:
      return hold(works, board, task, random);
    case Toil::share:
      return share(works, board, task, random);
    case Toil::take_signals:
      works.signals.acquire();
      ++board.turns;
      return;
    case Toil::follow:
      return follow(works, board, task);
    case Toil::set:
      return works.events[task.round % 2].set();
    case Toil::consume:
      return consume(works, board, some_time(random));
    case Toil::await:
      return consume(works, board, forever);
    case Toil::produce:
      return produce(works, board, random);
    case Toil::meet:
      return meet(works, board);
  }
}

void work(SyncWorks works, SyncTask task) {
  const SharedFile<Board> board(works.board);
  Random random(task.seed);
  try {
    do {
      toil(works, *board, task, random);
    } while (task.toil != Toil::set);
  } catch (const std::exception& error) {
    note_fault(*board, error.what());
  }
}

StartMethod method_of(Start how) {
  return how == Start::spawn        ? StartMethod::spawn
         : how == Start::forkserver ? StartMethod::forkserver
                                    : StartMethod::fork;
}

std::variant<std::unique_ptr<Forked>, Process> start(Start how, const SyncWorks& works,
                                                     const SyncTask& task) {
  if (how == Start::plain) {
    return std::make_unique<Forked>([&] { work(works, task); });
  }
  ProcessOptions options;
  options.start_method = method_of(how);
  Process process(options, &work, works, task);
  process.start();
  return process;
}

constexpr std::uint64_t dying(std::uint32_t number) {
  return std::uint64_t{1} << 32 << number;
}

}  // namespace

Gang::Gang(std::uint64_t seed) : random_(seed) {
  works_.board = board_.path();
}

void Gang::hire(Start how, Toil toil) {
  const auto place = std::find(members_.begin(), members_.end(), nullptr);
  const auto number = static_cast<std::uint32_t>(place - members_.begin());
  const std::uint64_t round = board_->round;
  board_->passed[number] = round;
  const SyncTask task{toil, number, round, random_()};
  *place = std::make_unique<Member>(Member{task, start(how, works_, task)});
}

void Gang::fill_up(const std::vector<Start>& starts, Toil toil, std::uint32_t wanted) {
  while (count(toil) < wanted) {
    hire(starts[between(random_, 0, static_cast<std::uint32_t>(starts.size()) - 1)], toil);
  }
}

std::uint32_t Gang::size() const {
  return static_cast<std::uint32_t>(std::count_if(
      members_.begin(), members_.end(), [](const auto& each) { return each != nullptr; }));
}

std::uint32_t Gang::count(Toil toil) const {
  return static_cast<std::uint32_t>(std::count_if(
      members_.begin(), members_.end(),
      [toil](const auto& each) { return each != nullptr && each->task.toil == toil; }));
}

int Gang::pid(std::uint32_t number) const {
  const auto& process = members_[number]->process;
  return std::holds_alternative<Process>(process) ? std::get<Process>(process).pid()
                                                  : std::get<0>(process)->pid();
}

void Gang::kill(std::uint32_t number) {
  board_->inside.fetch_or(dying(number));
  auto& process = members_[number]->process;
  if (auto* const ours = std::get_if<Process>(&process)) {
    ours->kill();
    ours->join();
    kills_ += ours->exitcode() == -SIGKILL ? 1 : 0;
  } else {
    kills_ += WIFSIGNALED(std::get<0>(process)->kill()) ? 1 : 0;
  }
  board_->inside.fetch_and(~(dying(number) | std::uint64_t{1} << number));
  members_[number] = nullptr;
}

void Gang::kill_somebody(Toil toil) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < Board::most; ++i) {
    if (is_there(i) && members_[i]->task.toil == toil) {
      numbers.push_back(i);
    }
  }
  kill(numbers[between(random_, 0, static_cast<std::uint32_t>(numbers.size()) - 1)]);
}

void Gang::kill_all() {
  for (std::uint32_t i = 0; i < Board::most; ++i) {
    if (is_there(i)) {
      kill(i);
    }
  }
}

std::uint32_t Gang::behind(std::uint64_t round) const {
  std::uint32_t all = 0;
  for (std::uint32_t i = 0; i < Board::most; ++i) {
    const bool follows = is_there(i) && members_[i]->task.toil == Toil::follow;
    all += follows && board_->passed[i] < round ? 1 : 0;
  }
  return all;
}

}  // namespace multiprocess::test
