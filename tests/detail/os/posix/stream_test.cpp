// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/stream.hpp>

#include "support/disturbance.hpp"
#include "support/stream_bytes.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

// Streams and signals.

namespace os = multiprocess::detail::os;
using multiprocess::test::expect_broken_pipe;
using multiprocess::test::many_bytes;

namespace {

os::Pipe make_socket_pair() {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {os::Handle(ends[0]), os::Handle(ends[1])};
}

bool pipe_signal_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

class StreamAndSignals : public testing::TestWithParam<os::Pipe (*)()> {
 protected:
  os::Pipe stream_ = GetParam()();
};
INSTANTIATE_TEST_SUITE_P(PipeAndSocket, StreamAndSignals,
                         testing::Values(&os::make_pipe, &make_socket_pair));

TEST_P(StreamAndSignals, ResumesAfterSignals) {
  const multiprocess::test::CountedSignals signals;
  const std::vector<std::byte> sent = many_bytes();
  std::atomic<bool> done = false;
  std::thread writer([&] {
    os::write_all(stream_.write.get(), sent);
    done = true;
  });
  while (signals.seen() < 100) {
    signals.send_to(writer);
  }
  EXPECT_FALSE(done);  // the stream is full and the writer was interrupted a hundred times
  std::vector<std::byte> got(sent.size());
  EXPECT_TRUE(os::read_all(stream_.read.get(), got));
  writer.join();
  EXPECT_EQ(got, sent);
}

TEST_P(StreamAndSignals, AReaderThatIsGoneIsAnErrorAndNoSignal) {
  stream_.read.reset();
  expect_broken_pipe(stream_);
  EXPECT_FALSE(pipe_signal_pending());
}

TEST_P(StreamAndSignals, KeepsAPipeSignalThatWasPendingBefore) {
  sigset_t pipe;
  sigset_t before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  raise(SIGPIPE);
  stream_.read.reset();
  expect_broken_pipe(stream_);
  EXPECT_TRUE(pipe_signal_pending());
  int signal = 0;
  sigwait(&pipe, &signal);
  EXPECT_FALSE(pipe_signal_pending());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
