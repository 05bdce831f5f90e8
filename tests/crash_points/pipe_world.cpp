// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/pipe_world.hpp"

#include "support/leftovers.hpp"

#include <multiprocess/error.hpp>
#include <multiprocess/wait.hpp>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace multiprocess::test {
namespace {

/// From what fits the slot to what is received while it is still being sent.
std::size_t text_size(std::size_t number) {
  constexpr std::array<std::size_t, kinds> sizes{0, 10, 500, 200'000, 20, 150'000};
  return number < first_small       ? sizes[number % kinds]
         : number < first_huge      ? 0
         : number < of_first_victim ? std::size_t{9} << 19
                                    : sizes[number % of_first_victim % kinds];
}

bool has_lock(std::size_t number) {
  return (number < first_small || number >= of_first_victim) &&
         number % of_first_victim % kinds >= 4;
}

char character(std::size_t number) {
  return static_cast<char>('a' + number % 26);
}

bool is_whole(const Letter& letter) {
  return letter.locks.size() == (has_lock(letter.number) ? 1u : 0u) &&
         letter.text == std::string(text_size(letter.number), character(letter.number));
}

std::size_t count_between(const std::vector<std::size_t>& numbers, std::size_t first,
                          std::size_t last) {
  return static_cast<std::size_t>(std::count_if(
      numbers.begin(), numbers.end(), [=](std::size_t n) { return n >= first && n < last; }));
}

bool sleeps(int thread) {
  return describe_thread(getpid(), thread).find("in state S") != std::string::npos;
}

}  // namespace

void wait_until_asleep(const std::atomic<int>& thread) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while ((thread == 0 || !sleeps(thread)) && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
}

Reader::Reader(const Connection& end, Watch how) : thread_([this, end, how] { run(end, how); }) {}

Reader::~Reader() {
  thread_.join();
}

template <class Condition>
bool Reader::wait_until(Condition condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, promptly, condition);
}

bool Reader::has(std::size_t count) {
  return wait_until([&] { return numbers_.size() >= count; });
}
bool Reader::has_number(std::size_t number) {
  return wait_until([&] { return !numbers_.empty() && numbers_.back() == number; });
}
bool Reader::has_ended() {
  return wait_until([&] { return ended_; });
}

void Reader::run(const Connection& end, Watch how) {
  thread_number_ = gettid();
  try {
    read_all(end, how);
  } catch (const EOFError&) {
  } catch (const std::exception& error) {
    ADD_FAILURE() << "a receiver got " << error.what();
  }
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Reader::read_all(const Connection& end, Watch how) {
  bool more = true;
  pollfd entry{how == Watch::descriptor ? end.fileno() : -1, POLLIN, 0};
  while (more) {
    if (how == Watch::wait) {
      wait({end});
    } else if (how == Watch::descriptor) {
      ASSERT_EQ(poll(&entry, 1, -1), 1);
      while (more && end.poll()) {
        more = read_one(end);
      }
      continue;
    }
    more = read_one(end);
  }
}

bool Reader::read_one(const Connection& end) {
  const auto letter = end.recv<Letter>();
  if (letter.number == last_of_all) {
    return false;
  }
  EXPECT_TRUE(is_whole(letter)) << "message " << letter.number << " is torn";
  const std::scoped_lock lock(mutex_);
  numbers_.push_back(letter.number);
  changed_.notify_all();
  return true;
}

Letter PipeWorld::letter(std::size_t number) const {
  Letter made{number, {}, std::string(text_size(number), character(number))};
  if (has_lock(number)) {
    made.locks.push_back(lock);
  }
  return made;
}

void PipeWorld::send(const Connection& end, Flow& flow, std::size_t number) const {
  end.send(letter((victim == 0 ? of_first_victim : of_next_victim) + number));
  flow.sent[victim] = number + 1;
}

void PipeWorld::receive(const Connection& end, Flow& flow) const {
  ++flow.reaching;
  end.recv<Letter>();
  ++flow.received;
  --flow.reaching;
}

void check_flow(const Flow& flow, std::size_t before, std::size_t victims,
                const std::vector<std::size_t>& numbers) {
  ASSERT_EQ(std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()),
            numbers.end())
      << "messages are doubled or out of order";
  // One more may have been sent than was acknowledged, one more taken than was recorded.
  std::size_t acknowledged = before;
  std::size_t most = before;
  for (std::size_t i = 0; i < victims; ++i) {
    const std::size_t first = i == 0 ? of_first_victim : of_next_victim;
    const std::size_t sent = flow.sent[i];
    acknowledged += sent;
    most += sent + 1;
    EXPECT_EQ(count_between(numbers, first + sent + 1, first + of_first_victim), 0u)
        << "messages that nobody sent";
  }
  const std::size_t left = count_between(numbers, 0, of_survivor);
  const std::size_t taken = flow.received;
  EXPECT_GE(left + taken + flow.reaching, acknowledged) << "acknowledged messages are lost";
  EXPECT_LE(left + taken, most) << "more messages than were sent";
  // All in one piece: what is missing was at the beginning, or the last of a victim.
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const bool next = numbers[i] == numbers[i - 1] + 1;
    EXPECT_TRUE(next || numbers[i] % of_first_victim == 0)
        << "after message " << numbers[i - 1] << " came " << numbers[i];
  }
}

}  // namespace multiprocess::test
