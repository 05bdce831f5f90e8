// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/process.hpp>

#include "support/start_methods.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

// A thread that waits for input holds the lock of its FILE, for ever perhaps. Nobody else may wait
// for that lock.

namespace multiprocess::test {
namespace {

/// A thread that reads a line from a pipe, which is written when this is destroyed.
class Reader {
 public:
  Reader() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    file_ = fdopen(ends_[0], "r");
    thread_ = std::thread([this] {
      flockfile(file_);
      reading_ = true;
      reading_.notify_one();
      std::fgetc(file_);
      funlockfile(file_);
    });
    reading_.wait(false);
  }
  ~Reader() {
    EXPECT_EQ(write(ends_[1], "x", 1), 1);
    thread_.join();
    std::fclose(file_);
    ::close(ends_[1]);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  std::array<int, 2> ends_{};
  std::FILE* file_ = nullptr;
  std::atomic<bool> reading_{false};
  std::thread thread_;
};

class BusyFiles : public StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(BusyFiles);

TEST_P(BusyFiles, DelayNoStart) {
  const Reader reader;
  EXPECT_EQ(exitcode_of([] {}), 0);
}

TEST_P(BusyFiles, DelayNoEnd) {
  EXPECT_EQ(exitcode_of([] { new Reader; }), 0);
}

TEST_P(BusyFiles, AreWrittenOnceAllTheSame) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  std::FILE* const file = fdopen(ends[1], "w");
  std::fputs("once", file);
  {
    const Reader reader;
    EXPECT_EQ(exitcode_of([] {}), 0);
  }
  std::fclose(file);
  std::string text(100, '\0');
  text.resize(static_cast<std::size_t>(read(ends[0], text.data(), text.size())));
  EXPECT_EQ(text, "once");
  ::close(ends[0]);
}

}  // namespace
}  // namespace multiprocess::test
