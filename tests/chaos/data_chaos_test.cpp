// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/value.hpp>

#include <multiprocess/array.hpp>
#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/shared_map.hpp>
#include <multiprocess/shared_string.hpp>
#include <multiprocess/shared_vector.hpp>

#include "chaos/chaos.hpp"
#include "support/forked.hpp"
#include "support/shared_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

// Kills processes that change shared data. What they find is whole, or somebody is told of a death.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

/// Its words are equal, except in the middle of a change.
using Row = std::array<std::uint64_t, 32>;

bool is_whole(std::span<const std::uint64_t> row) {
  return std::all_of(row.begin(), row.end(), [&](std::uint64_t word) { return word == row[0]; });
}

void step_up(std::span<std::uint64_t> row) {
  for (std::uint64_t& word : row) {
    ++word;
  }
}

struct Board {
  std::atomic<std::uint64_t> turns;
  std::atomic<std::uint64_t> told;  // of a death
  std::atomic<std::uint32_t> faults;
  std::array<char, 128> first_fault;
};

void note_fault(Board& board, const char* what) {
  if (board.faults.fetch_add(1) == 0) {
    std::strncpy(board.first_fault.data(), what, board.first_fault.size() - 1);
  }
}

/// What they use; crosses to any of them.
struct Wares {
  std::string board;
  Lock lock;
  Value<Row> value;
  Value<Row, Lock> other = Value<Row, Lock>({.lock = lock});
  Array<std::uint64_t> array = Array<std::uint64_t>(32);
  SharedVector<std::uint64_t> vector{1, 1, 1};
  SharedMap<int, std::uint64_t> map;
  SharedString text;
};

/// One step with a Value or an Array.
template <class Data>
void change(const Data& data, Board& board) {
  data.with_lock([&](auto& row, bool owner_died) {
    if (owner_died) {
      ++board.told;
      std::fill(row.begin(), row.end(), std::uint64_t{0});
    } else if (!is_whole(row)) {
      note_fault(board, "a torn row, and nobody was told");
    }
    step_up(row);
  });
}

void change_array(const Array<std::uint64_t>& array, Board& board) {
  array.with_lock([&](std::span<std::uint64_t> row, bool owner_died) {
    if (owner_died) {
      ++board.told;
      std::fill(row.begin(), row.end(), std::uint64_t{0});
    } else if (!is_whole(row)) {
      note_fault(board, "a torn array, and nobody was told");
    }
    step_up(row);
  });
}

void change_vector(const SharedVector<std::uint64_t>& vector, Board& board, Random& random) {
  vector.push_back(1);
  vector.with_lock([&](std::span<std::uint64_t> row) {
    if (!is_whole(row.first(3))) {
      note_fault(board, "a torn vector, and nobody was told");
    }
    step_up(row.first(3));
  });
  vector.insert(3, 1);
  {
    const std::scoped_lock guard(vector);
    if (vector.size() > 3) {
      vector.erase(-1);
    }
  }
  if (between(random, 0, 50) == 0) {
    vector.assign(std::array<std::uint64_t, 3>{1, 1, 1});
  }
}

void change_map(const SharedMap<int, std::uint64_t>& map, Board& board, Random& random) {
  const int key = static_cast<int>(between(random, 0, 40));
  map.set(key, static_cast<std::uint64_t>(key));
  for (const auto& [number, value] : map.items()) {
    if (value != static_cast<std::uint64_t>(number)) {
      note_fault(board, "a torn map, and nobody was told");
    }
  }
  map.erase(static_cast<int>(between(random, 0, 40)));
}

void change_text(const SharedString& text, Board& board) {
  text += "()";
  const std::string now = text.str();
  if (now.size() % 2 != 0 || !now.ends_with("()")) {
    note_fault(board, "a torn text");
  }
  if (now.size() > 500) {
    text.assign("()");
  }
}

void change_something(const Wares& wares, Board& board, Random& random) {
  switch (between(random, 0, 5)) {
    case 0:
      return change(wares.value, board);
    case 1:
      wares.value.value();  // takes nobody's note away
      return change(wares.other, board);
    case 2:
      return change_array(wares.array, board);
    case 3:
      return change_vector(wares.vector, board, random);
    case 4:
      return change_map(wares.map, board, random);
    default:
      return change_text(wares.text, board);
  }
}

void work(Wares wares, std::uint64_t seed) {
  const SharedFile<Board> board(wares.board);
  Random random(seed);
  while (true) {
    try {
      change_something(wares, *board, random);
      ++board->turns;
    } catch (const OwnerDied&) {
      ++board->told;
      wares.vector.with_lock([](std::span<std::uint64_t> row, bool) {
        std::fill(row.begin(), row.end(), std::uint64_t{1});
      });
      wares.map.clear();
    } catch (const std::exception& error) {
      note_fault(*board, error.what());
    }
  }
}

class DataChaos : public Chaos {
 protected:
  using Worker = std::variant<std::unique_ptr<Forked>, Process>;

  void SetUp() override {
    Chaos::SetUp();
    wares_ = std::make_unique<Wares>();
    wares_->board = board_.path();
  }

  void TearDown() override {
    workers_.clear();
    wares_.reset();
    detail::stop_server();
    Chaos::TearDown();
  }

  void hire() {
    const std::uint64_t seed = random_();
    if (between(random_, 0, 1) == 0) {
      workers_.push_back(std::make_unique<Forked>([&] { work(*wares_, seed); }));
      return;
    }
    // Starting programs takes its time: few of them.
    const std::uint32_t chance = between(random_, 0, 20);
    ProcessOptions options;
    options.start_method = chance == 0   ? StartMethod::spawn
                           : chance == 1 ? StartMethod::forkserver
                                         : StartMethod::fork;
    Process process(options, &work, *wares_, seed);
    process.start();
    workers_.push_back(std::move(process));
  }

  void kill_one() {
    Worker& worker = workers_[between(random_, 0, static_cast<std::uint32_t>(workers_.size()) - 1)];
    if (auto* const ours = std::get_if<Process>(&worker)) {
      ours->kill();
      ours->join();
      kills_ += ours->exitcode() == -SIGKILL ? 1 : 0;
    } else {
      kills_ += WIFSIGNALED(std::get<0>(worker)->kill()) ? 1 : 0;
    }
    std::swap(worker, workers_.back());
    workers_.pop_back();
  }

  bool somebody_gets_on() const {
    const std::uint64_t before = board_->turns;
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (board_->turns < before + 20) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(100us);
    }
    return true;
  }

  SharedFile<Board> board_;
  std::unique_ptr<Wares> wares_;
  std::vector<Worker> workers_;
  std::uint64_t kills_ = 0;
};

TEST_F(DataChaos, WhatIsFoundIsWholeOrSomebodyIsTold) {
  while (kills_ < scaled(1500)) {
    while (workers_.size() < 5) {
      hire();
    }
    pause();
    kill_one();
    if (kills_ % 16 == 0) {
      ASSERT_TRUE(somebody_gets_on()) << "nobody gets anywhere";
    }
  }
  while (!workers_.empty()) {
    kill_one();
  }
  totals.kills += kills_;
  EXPECT_EQ(board_->faults, 0U) << board_->first_fault.data();
  change(wares_->value, *board_);
  change_array(wares_->array, *board_);
  EXPECT_GT(board_->told, 0U) << "nobody was killed in a change";
  std::printf("turns=%lu told=%lu\n", board_->turns.load(), board_->told.load());
}

}  // namespace
}  // namespace multiprocess::test
