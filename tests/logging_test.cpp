// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/logging.hpp>

#include <multiprocess/error.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace detail = multiprocess::detail;

namespace {

template <class F>
std::string stderr_of(F f) {
  testing::internal::CaptureStderr();
  f();
  return testing::internal::GetCapturedStderr();
}

/// Leaves the logger as a program finds it, except that somebody has asked for it.
void reset_logger() {
  mp::get_logger().set_sink({});
  mp::get_logger().set_level(mp::NOTSET);
}

class Logging : public testing::Test {
 protected:
  void TearDown() override { reset_logger(); }

  std::vector<mp::LogRecord> collect(int level, void (*work)(mp::Logger&)) {
    std::vector<mp::LogRecord> records;
    mp::get_logger().set_level(level);
    mp::get_logger().set_sink([&](const mp::LogRecord& record) { records.push_back(record); });
    work(mp::get_logger());
    mp::get_logger().set_sink({});
    return records;
  }
};

// Runs in a process of its own, in which nobody has asked for the logger.
TEST(LoggingDeathTest, NothingIsLoggedUntilSomebodyAsksForTheLogger) {
  const auto check = [] {
    detail::log(mp::CRITICAL, "nobody listens");
    const bool silent = !detail::logs(mp::CRITICAL) && !detail::logging_state().created;
    mp::log_to_stderr(mp::INFO);
    detail::log(mp::INFO, silent ? "silence" : "noise");
    _exit(0);
  };
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(check(), testing::ExitedWithCode(0), "^\\[INFO/MainProcess\\] silence\n$");
}

TEST_F(Logging, LinesLookLikePythons) {
  EXPECT_EQ(stderr_of([] { mp::log_to_stderr(mp::INFO).info("hello {} 100%"); }),
            "[INFO/MainProcess] hello {} 100%\n");
  EXPECT_EQ(stderr_of([] { mp::log_to_stderr("WARNING").info("no"); }), "");
  EXPECT_THROW(mp::log_to_stderr("LOUD"), mp::ValueError);
  EXPECT_EQ(stderr_of([] { mp::log_to_stderr(mp::INFO).sub_warning("{} of {}", 2, "three"); }),
            "[SUBWARNING/MainProcess] 2 of three\n");
  EXPECT_EQ(stderr_of([] { mp::get_logger().log(33, std::string("odd")); }),
            "[Level 33/MainProcess] odd\n");
}

TEST_F(Logging, LevelsHavePythonsNamesAndNumbers) {
  const auto records = collect(1, [](mp::Logger& logger) {
    logger.sub_debug("m");
    logger.debug("m");
    logger.info("m");
    logger.sub_warning("m");
    logger.warning("m");
    logger.error("m");
    logger.critical("m");
  });
  const std::vector<std::string> names{"SUBDEBUG", "DEBUG", "INFO",    "SUBWARNING",
                                       "WARNING",  "ERROR", "CRITICAL"};
  const std::vector<int> numbers{mp::SUBDEBUG, mp::DEBUG, mp::INFO,    mp::SUBWARNING,
                                 mp::WARNING,  mp::ERROR, mp::CRITICAL};
  ASSERT_EQ(records.size(), names.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].level, numbers[i]);
    EXPECT_EQ(mp::level_name(records[i].level), names[i]);
  }
}

TEST_F(Logging, DropsWhatLiesBelowTheLevel) {
  EXPECT_EQ(mp::get_logger().effective_level(), mp::WARNING);
  EXPECT_EQ(collect(mp::NOTSET, [](mp::Logger& log) { log.info("x"); }).size(), 0U);
  EXPECT_EQ(collect(mp::INFO, [](mp::Logger& log) { log.info("x"); }).size(), 1U);
  EXPECT_EQ(collect(mp::ERROR, [](mp::Logger& log) { log.warning("x {}", 1); }).size(), 0U);
  mp::get_logger().set_level("SUBDEBUG");
  EXPECT_TRUE(mp::get_logger().is_enabled_for(mp::SUBDEBUG));
  EXPECT_THROW(mp::get_logger().set_level("LOUD"), mp::ValueError);
}

TEST_F(Logging, RecordsKnowWhereTheyWereWritten) {
  const auto records = collect(mp::INFO, [](mp::Logger& log) {
    log.info("text");
    log.info("format {}", 1);
    detail::log(mp::INFO, "library");
  });
  ASSERT_EQ(records.size(), 3U);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_NE(std::string_view(records[i].file).find("logging_test.cpp"), std::string_view::npos);
    EXPECT_EQ(records[i].line, records[0].line + i);
    EXPECT_EQ(records[i].process_name, "MainProcess");
  }
}

TEST_F(Logging, ThrowingSinksDoNoHarm) {
  mp::get_logger().set_sink([](const mp::LogRecord&) { throw std::runtime_error("full"); });
  EXPECT_NO_THROW(mp::get_logger().error("x"));
}

TEST_F(Logging, WithoutASinkWarningsAreTheLastResort) {
  EXPECT_EQ(stderr_of([] { mp::get_logger().warning("watch out"); }), "watch out\n");
  EXPECT_EQ(stderr_of([] {
              mp::get_logger().set_level(mp::DEBUG);
              mp::get_logger().info("x");
            }),
            "");
}

TEST_F(Logging, ReplacedSinksAreFreed) {
  const auto captured = std::make_shared<int>(1);
  mp::get_logger().set_sink([captured](const mp::LogRecord&) {});
  EXPECT_EQ(captured.use_count(), 2);
  mp::get_logger().set_sink([](const mp::LogRecord&) {});
  EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(Logging, SinksMayChangeWhileThreadsLog) {
  std::atomic<int> seen = 0;
  std::atomic<bool> stop = false;
  mp::get_logger().set_level(mp::INFO);  // below what would go to stderr without a sink
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        mp::get_logger().info("x");
      }
    });
  }
  mp::get_logger().set_sink([&](const mp::LogRecord&) { ++seen; });
  for (int i = 0; i < 1000 || seen == 0; ++i) {
    mp::get_logger().set_sink(
        [&seen, own = std::make_shared<int>(i)](auto&) { seen += *own >= 0; });
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GT(seen, 0);
}

TEST_F(Logging, StateTravels) {
  mp::log_to_stderr(mp::SUBDEBUG);
  const detail::LoggingState state = detail::logging_state();
  TearDown();
  EXPECT_FALSE(detail::logs(mp::INFO));
  detail::restore_logging(state);
  EXPECT_TRUE(detail::logs(mp::SUBDEBUG));
  EXPECT_EQ(stderr_of([] { detail::log(mp::DEBUG, "x"); }), "[DEBUG/MainProcess] x\n");
}

TEST_F(Logging, PrintsAsPythonDoes) {
  mp::get_logger().set_level(mp::DEBUG);
  EXPECT_EQ(fmt::format("{}", mp::get_logger()), "<Logger multiprocess (DEBUG)>");
}

class LoggingProcesses : public mp::test::StartMethods {
 protected:
  void TearDown() override {
    reset_logger();
    StartMethods::TearDown();
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(LoggingProcesses);

TEST_P(LoggingProcesses, AChildLogsWhatItDoes) {
  const std::string text = stderr_of([this] {
    mp::log_to_stderr(mp::INFO);
    mp::ProcessOptions named = options();
    named.name = "child";
    mp::Process child(named, [] { mp::get_logger().info("working"); });
    child.start();
    child.join();
  });
  EXPECT_NE(text.find("[INFO/child] child process calling self.run()\n"
                      "[INFO/child] working\n"
                      "[INFO/child] process shutting down\n"
                      "[INFO/child] process exiting with exitcode 0\n"),
            std::string::npos)
      << text;
}

TEST_F(Logging, ACopyIsTheSameLogger) {
  auto logger = mp::get_logger();
  logger.set_level(mp::ERROR);
  EXPECT_EQ(mp::get_logger().level(), mp::ERROR);
}

}  // namespace
