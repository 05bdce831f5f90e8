// SPDX-License-Identifier: BSD-3-Clause
// How a process ends, and what its parent learns of it.
#include <multiprocess/process.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/child.hpp"
#include "support/endings.hpp"
#include "support/handle_file.hpp"
#include "support/sanitizer.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

class ProcessExit : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ProcessExit);

TEST_P(ProcessExit, TheExitCodeTellsHowItEnded) {
  EXPECT_EQ(exitcode_of([] {}), 0);
  EXPECT_EQ(exitcode_of([] { return 7; }), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(); }), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(3); }), 3);
  EXPECT_EQ(exitcode_of([] { mp::exit(-1); }), 255);
  EXPECT_EQ(exitcode_of([] { std::_Exit(300); }), mp::test::exit_code(300));
  EXPECT_EQ(exitcode_of(&mp::test::die), mp::test::killed);
  EXPECT_EQ(exitcode_of(&mp::test::crash), mp::test::crashed);
}

TEST_P(ProcessExit, AnUncaughtExceptionIsReportedOnStderr) {
  testing::internal::CaptureStderr();
  mp::Process p = process([] { throw std::out_of_range("far out"); });
  const std::string name = p.name();
  p.start();
  p.join();
  mp::detail::stop_server();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(p.exitcode(), 1);
  EXPECT_TRUE(text.starts_with("Process " + name + ":\n")) << text;
  EXPECT_NE(text.find("std::out_of_range: far out\n"), std::string::npos) << text;
}

TEST_P(ProcessExit, AMessageGoesToStderr) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(exitcode_of([] { mp::exit("no way"); }), 1);
  mp::detail::stop_server();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "no way\n");
}

TEST_P(ProcessExit, SignalsReachIt) {
  const std::pair<void (mp::Process::*)(), int> sent[] = {{&mp::Process::terminate, -SIGTERM},
                                                          {&mp::Process::kill, mp::test::killed},
                                                          {&mp::Process::interrupt, -SIGINT}};
  for (const auto& [send, code] : sent) {
    if (code == -SIGINT && !mp::test::can_interrupt_processes) {
      continue;
    }
    mp::Process p = start(&mp::test::wait_to_be_killed);
    EXPECT_TRUE(p.is_alive());
    (p.*send)();
    EXPECT_TRUE(p.join(plenty));
    EXPECT_EQ(p.exitcode(), code);
    EXPECT_FALSE(p.is_alive());
    (p.*send)();  // to nobody
  }
}

TEST_P(ProcessExit, WhatTheSystemCannotSendIsAnErrorThatDoesNotHarmTheProcess) {
  if (mp::test::can_interrupt_processes) {
    GTEST_SKIP() << "all signals can be sent";
  }
  mp::Process p = start(&mp::test::wait_to_be_killed);
  EXPECT_THROW(p.interrupt(), std::system_error);
  EXPECT_TRUE(p.is_alive());
  p.kill();
  p.join();
}

TEST_P(ProcessExit, TheSentinelIsReadyAfterTheEndAndStaysSo) {
  mp::Process p = start(&mp::test::wait_to_be_killed);
  const mp::Sentinel sentinel = p.sentinel();
  EXPECT_FALSE(os::wait_readable(sentinel.native_handle(), os::at_once));
  EXPECT_FALSE(p.join(0s));
  p.kill();
  EXPECT_TRUE(os::wait_readable(sentinel.fileno(), mp::Timeout(plenty).deadline()));
  p.join();
  p.close();
  EXPECT_TRUE(os::wait_readable(sentinel.native_handle(), os::at_once));
  EXPECT_THROW(p.sentinel(), mp::ValueError);
}

using Words = mp::Queue<std::string>;

void leave_traces(Words out) {
  mp::at_exit([out] { out.put("low"); }, -5);
  mp::at_exit([out] { out.put("first"); });
  mp::at_exit([out] { out.put("second"); });
  mp::at_exit([out] { out.put("high"); }, 10);
  mp::ProcessOptions daemon;
  daemon.daemon = true;
  static mp::Process endless(daemon, &mp::test::wait_to_be_killed);
  endless.start();
  static mp::Process slow([](Words words) { words.put("child"); }, out);
  slow.start();
  out.put("run");
}

TEST_P(ProcessExit, TheExitStepsComeInPythonsOrder) {
  Words words;
  mp::Process p = start(leave_traces, words);
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
  std::string order;
  while (const auto word = words.try_get()) {
    if (*word != "child") {  // at any time before the joins are done
      order += *word + " ";
    }
  }
  EXPECT_EQ(order, "run high second first low ");
}

TEST_P(ProcessExit, BufferedOutputIsWrittenOnce) {
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "it has a thread of its own, and what one may be writing is not written out";
  }
  const os::Pipe pipe = os::make_pipe();
  mp::Process p = start(
      [](mp::Fd out) {
        std::FILE* const file = mp::test::open_to_write(out.fileno());
        std::fputs("once", file);  // and neither flushed nor closed
      },
      mp::Fd::duplicate(static_cast<int>(pipe.write.get())));
  p.join();
  std::array<std::byte, 64> bytes{};
  EXPECT_EQ(os::read_some(pipe.read.get(), bytes), 4U);
}

TEST(Exit, EndsTheProgramFromMain) {
  EXPECT_EXIT([]() noexcept { mp::exit(3); }(), testing::ExitedWithCode(3), "");
  EXPECT_EXIT([]() noexcept { mp::exit("bad"); }(), testing::ExitedWithCode(1), "bad");
}

/// The process that `body` runs in ends by std::exit(4) of another thread, once that has begun.
template <class Body>
void exit_meanwhile(Body body) {
  const mp::Event begun;
  std::thread([begun] {
    begun.wait();
    std::exit(4);
  }).detach();
  body(begun);
  mp::test::wait_to_be_killed();
}

TEST(Exit, OfAnotherThreadFindsMainWaiting) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "what a copy of the test program leaves is a leak";
  }
  const auto begin_and_stay = [](const mp::Event& begun) {
    begun.set();
    mp::Event().wait();
  };
  const auto in_a_pool = [&](const mp::Event& begun) { mp::Pool(1).apply(begin_and_stay, begun); };
  const auto between_results = [](const mp::Event& begun) {
    mp::Pool pool(1);
    for (const int each : pool.imap([](int x) { return x; }, mp::range(1'000'000'000))) {
      if (each == 1000) {
        begun.set();
      }
    }
  };
  const auto in_a_manager = [](const mp::Event& begun) {
    const auto manager = mp::Manager();
    const auto list = manager.list<int>();
    while (true) {
      list.append(1);
      begun.set();
    }
  };
  EXPECT_EXIT(exit_meanwhile(in_a_pool), testing::ExitedWithCode(4), "^$");
  EXPECT_EXIT(exit_meanwhile(between_results), testing::ExitedWithCode(4), "^$");
  EXPECT_EXIT(exit_meanwhile(in_a_manager), testing::ExitedWithCode(4), "^$");
}

}  // namespace
