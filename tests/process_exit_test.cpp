// SPDX-License-Identifier: BSD-3-Clause
// How a process ends, and what its parent learns of it.
#include <multiprocess/process.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

class ProcessExit : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ProcessExit);

/// What is written to stderr, by this process and its children, while it lives.
class StderrCapture {
 public:
  StderrCapture() : kept_(os::duplicate(STDERR_FILENO)), pipe_(os::make_pipe()) {
    dup2(static_cast<int>(pipe_.write.get()), STDERR_FILENO);
    pipe_.write.reset();
  }
  ~StderrCapture() { restore(); }

  /// The children that write have ended by now.
  std::string text() {
    restore();
    std::string all;
    std::array<std::byte, 4096> part{};
    while (const std::size_t got = os::read_some(pipe_.read.get(), part)) {
      all.append(reinterpret_cast<const char*>(part.data()), got);
    }
    return all;
  }

 private:
  void restore() { dup2(static_cast<int>(kept_.get()), STDERR_FILENO); }

  os::Handle kept_;
  os::Pipe pipe_;
};

void raise_signal(int number) {
  std::signal(number, SIG_DFL);
  raise(number);
}

TEST_P(ProcessExit, TheExitCodeTellsHowItEnded) {
  EXPECT_EQ(exitcode_of([] {}), 0);
  EXPECT_EQ(exitcode_of([] { return 7; }), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(); }), 0);
  EXPECT_EQ(exitcode_of([] { mp::exit(3); }), 3);
  EXPECT_EQ(exitcode_of([] { mp::exit(-1); }), 255);
  EXPECT_EQ(exitcode_of([] { _exit(300); }), 44);
  EXPECT_EQ(exitcode_of(raise_signal, SIGKILL), multiprocess::test::killed);
  EXPECT_EQ(exitcode_of(raise_signal, SIGUSR1), -SIGUSR1);
}

TEST_P(ProcessExit, AnUncaughtExceptionIsReportedOnStderr) {
  StderrCapture capture;
  mp::Process p = process([] { throw std::out_of_range("far out"); });
  const std::string name = p.name();
  p.start();
  p.join();
  mp::detail::stop_server();
  const std::string text = capture.text();
  EXPECT_EQ(p.exitcode(), 1);
  EXPECT_TRUE(text.starts_with("Process " + name + ":\n")) << text;
  EXPECT_NE(text.find("std::out_of_range: far out\n"), std::string::npos) << text;
}

TEST_P(ProcessExit, AMessageGoesToStderr) {
  StderrCapture capture;
  EXPECT_EQ(exitcode_of([] { mp::exit("no way"); }), 1);
  mp::detail::stop_server();
  EXPECT_EQ(capture.text(), "no way\n");
}

TEST_P(ProcessExit, SignalsReachIt) {
  const std::pair<void (mp::Process::*)(), int> sent[] = {{&mp::Process::terminate, SIGTERM},
                                                          {&mp::Process::kill, SIGKILL},
                                                          {&mp::Process::interrupt, SIGINT}};
  for (const auto& [send, number] : sent) {
    mp::Process p = start(&mp::test::wait_to_be_killed);
    EXPECT_TRUE(p.is_alive());
    (p.*send)();
    EXPECT_TRUE(p.join(plenty));
    EXPECT_EQ(p.exitcode(), -number);
    EXPECT_FALSE(p.is_alive());
    (p.*send)();  // to nobody
  }
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
  const os::Pipe pipe = os::make_pipe();
  mp::Process p = start(
      [](mp::Fd out) {
        std::FILE* const file = fdopen(out.fileno(), "w");
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
void expect_quiet_exit(Body body) {
  mp::test::Child child([&body] {
    const mp::Event begun;
    std::thread([begun] {
      begun.wait();
      std::exit(4);
    }).detach();
    body(begun);
    mp::test::wait_to_be_killed();
  });
  EXPECT_EQ(child.wait(), 4);
}

TEST(Exit, OfAnotherThreadFindsMainWaiting) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "what a copy of the test program leaves is a leak";
  }
  const auto begin_and_stay = [](const mp::Event& begun) {
    begun.set();
    mp::Event().wait();
  };
  expect_quiet_exit([&](const mp::Event& begun) { mp::Pool(1).apply(begin_and_stay, begun); });
  expect_quiet_exit([&](const mp::Event& begun) {
    mp::Pool pool(1);
    for (const int each : pool.imap([](int x) { return x; }, mp::range(1'000'000'000))) {
      if (each == 1000) {
        begun.set();
      }
    }
  });
  expect_quiet_exit([&](const mp::Event& begun) {
    const auto manager = mp::Manager();
    const auto list = manager.list<int>();
    while (true) {
      list.append(1);
      begun.set();
    }
  });
}

}  // namespace
