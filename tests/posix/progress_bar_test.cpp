// SPDX-License-Identifier: BSD-3-Clause
// What a terminal shows of Progress::bar().
#include <multiprocess/pool_options.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/one_pass.hpp"
#include "support/pools.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;

namespace {

/// Standard error as long as it lives.
class Terminal {
 public:
  Terminal() {
    std::fflush(stderr);
    EXPECT_EQ(grantpt(ours_), 0);
    EXPECT_EQ(unlockpt(ours_), 0);
    std::array<char, 64> name{};
    EXPECT_EQ(ptsname_r(ours_, name.data(), name.size()), 0);
    theirs_ = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    dup2(theirs_, STDERR_FILENO);
  }
  ~Terminal() {
    std::fflush(stderr);
    dup2(before_, STDERR_FILENO);
    for (const int descriptor : {before_, ours_, theirs_}) {
      close(descriptor);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// What was written since the last time, as soon as its end is `last`.
  std::string until(const std::string& last) {
    std::string shown = std::exchange(left_, {});
    while (shown.find(last) == shown.npos) {
      std::array<char, 4096> piece{};
      const ssize_t size = read(ours_, piece.data(), piece.size());
      if (size <= 0) {
        return shown + " (the terminal has gone)";
      }
      shown.append(piece.data(), static_cast<std::size_t>(size));
    }
    const std::size_t end = shown.find(last) + last.size();
    left_ = shown.substr(end);
    return shown.substr(0, end);
  }
  /// All that was written.
  std::string rest() {
    std::fputs("what comes next\n", stderr);
    return until("what comes next\r\n");
  }

 private:
  int before_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  int ours_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int theirs_ = -1;
  std::string left_;
};

/// That line, and then a new one.
std::string full(int items) {
  const std::string count = std::to_string(items);
  return "\r[" + std::string(40, '#') + "] " + count + "/" + count + "\r\nwhat comes next\r\n";
}

int square(int x) {
  return x * x;
}

mp::MapOptions with_bar() {
  mp::MapOptions options;
  options.chunksize = 1;
  options.progress = mp::Progress::bar();
  return options;
}

class ProgressBar : public mp::test::Pools {
 protected:
  void TearDown() override {
    terminal_.reset();
    Pools::TearDown();
  }

  mp::Pool pool_{two()};
  std::optional<Terminal> terminal_{std::in_place};  // which the workers do not have
};
MULTIPROCESS_FOR_EACH_START_METHOD(ProgressBar);

TEST_P(ProgressBar, GrowsWhileAMapIsDone) {
  mp::Queue<int> gate;
  const auto result = pool_.map_async([gate](int) { gate.get(); }, mp::range(4), with_bar());
  terminal_->until("\r[" + std::string(40, '.') + "] 0/4");
  gate.put(1);
  EXPECT_EQ(terminal_->until("] 1/4").find('\n'), std::string::npos);
  gate.put(1);
  EXPECT_TRUE(terminal_->until("] 2/4").ends_with("\r[" + std::string(20, '#') +
                                                  std::string(20, '.') + "] 2/4"));
  gate.put(1);
  gate.put(1);
  result.get();
  EXPECT_TRUE(terminal_->rest().ends_with(full(4)));
}

TEST_P(ProgressBar, EndsFullOnALineOfItsOwn) {
  pool_.map(square, mp::range(100), with_bar());
  EXPECT_TRUE(terminal_->rest().ends_with(full(100)));
  for ([[maybe_unused]] const int result : pool_.imap(square, mp::range(50), with_bar())) {
  }
  EXPECT_TRUE(terminal_->rest().ends_with(full(50)));
}

TEST_P(ProgressBar, OfAnUnknownNumberEndsLikewise) {
  mp::test::OnePass input(std::vector<int>(50));
  for ([[maybe_unused]] const int result : pool_.imap_unordered(square, input, with_bar())) {
  }
  const std::string shown = terminal_->rest();
  EXPECT_TRUE(shown.starts_with("\r1 done")) << shown;
  EXPECT_TRUE(shown.ends_with(full(50))) << shown;
}

TEST_P(ProgressBar, EndsItsLineAlsoWhenTheCallFails) {
  const auto fail = [](int x) { return x == 1 ? throw std::runtime_error("one") : x; };
  EXPECT_THROW(pool_.map(fail, mp::range(4), with_bar()), std::runtime_error);
  EXPECT_TRUE(terminal_->rest().ends_with(full(4))) << "all are done";
  {
    auto results = pool_.imap(square, mp::range(100), with_bar());
    EXPECT_EQ(results.next(), 0);
  }
  EXPECT_EQ(terminal_->rest(), "\r[" + std::string(40, '.') + "] 1/100\r\nwhat comes next\r\n");
}

}  // namespace
