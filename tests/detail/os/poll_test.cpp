// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poll.hpp>

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <thread>
#include <vector>

namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;

namespace {

using Indices = std::vector<std::size_t>;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(WaitAny, NamesTheReadyOnesInOrder) {
  const std::array<os::Pipe, 3> pipes{os::make_pipe(), os::make_pipe(), os::make_pipe()};
  const std::array handles{pipes[0].read.get(), pipes[1].read.get(), pipes[2].read.get()};
  ring(pipes[2]);
  EXPECT_EQ(os::wait_any(handles, os::never), (Indices{2}));
  ring(pipes[0]);
  EXPECT_EQ(os::wait_any(handles, os::at_once), (Indices{0, 2}));
}

TEST(WaitAny, NamesNobodyAtTheDeadline) {
  const os::Pipe pipe = os::make_pipe();
  const std::array handles{pipe.read.get()};
  EXPECT_EQ(os::wait_any(handles, os::at_once), Indices{});
  const os::Deadline deadline = in(20ms);
  EXPECT_EQ(os::wait_any(handles, deadline), Indices{});
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(os::wait_any({}, in(5ms)), Indices{});
}

TEST(WaitAny, AnEndIsReady) {
  os::Pipe pipe = os::make_pipe();
  pipe.write.reset();
  const std::array handles{pipe.read.get()};
  EXPECT_EQ(os::wait_any(handles, in(20s)), (Indices{0}));
}

TEST(WaitAny, OneHandleMayBeThereTwice) {
  const os::Pipe pipe = os::make_pipe();
  const std::array handles{pipe.read.get(), pipe.read.get()};
  EXPECT_EQ(os::wait_any(handles, in(5ms)), Indices{});
  ring(pipe);
  EXPECT_EQ(os::wait_any(handles, os::never), (Indices{0, 1}));
}

TEST(WaitAny, NoHandleIsNeverReadyAndAClosedOneAlways) {
  const os::NativeHandle closed = os::make_pipe().read.get();
  const std::array handles{os::no_handle, closed};
  EXPECT_EQ(os::wait_any(handles, os::never), (Indices{1}));
}

TEST(WaitAny, WaitsForMoreThanAHundred) {
  std::vector<os::Pipe> pipes;
  std::vector<os::NativeHandle> handles;
  for (int i = 0; i < 150; ++i) {
    handles.push_back(pipes.emplace_back(os::make_pipe()).read.get());
  }
  EXPECT_EQ(os::wait_any(handles, in(5ms)), Indices{});
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    ring(pipes[140]);
  });
  EXPECT_EQ(os::wait_any(handles, os::never), (Indices{140}));
  later.join();
}

TEST(WaitAny, AProcessIsNotReadyWhileItLives) {
  const os::Handle process = os::own_sentinel();
  std::vector<os::NativeHandle> handles(100, process.get());
  EXPECT_EQ(os::wait_any(handles, in(5ms)), Indices{});
  const os::Pipe pipe = os::make_pipe();
  handles.push_back(pipe.read.get());
  ring(pipe);
  EXPECT_EQ(os::wait_any(handles, os::never), (Indices{100}));
}

TEST(QuietThread, Runs) {
  std::promise<std::thread::id> who;
  os::start_quiet_thread(
      [](void* context) {
        static_cast<std::promise<std::thread::id>*>(context)->set_value(std::this_thread::get_id());
      },
      &who);
  EXPECT_NE(who.get_future().get(), std::this_thread::get_id());
}

}  // namespace
