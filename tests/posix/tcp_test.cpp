// SPDX-License-Identifier: BSD-3-Clause
// Where TCP itself would have one wait for ever.
#include <multiprocess/client.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;

namespace {

const os::SocketAddress any_port{"", "127.0.0.1", 0};

/// Closes a socket without a word to its peer, as a machine that loses its power would; needs root.
bool vanish(os::Handle socket) {
  const int yes = 1;
  return setsockopt(static_cast<int>(socket.get()), IPPROTO_TCP, TCP_REPAIR, &yes, sizeof yes) == 0;
}

/// A port of those that the system gives to who connects.
os::SocketAddress closed_port() {
  const os::Handle listening = os::listen_at(any_port, 1);
  const os::Handle client = os::connect_to(os::local_address(listening.get()), os::never);
  return os::local_address(client.get());
}

TEST(Tcp, NobodyConnectsToHimself) {
  const os::SocketAddress place = closed_port();
  for (int i = 0; i < 60'000; ++i) {
    try {
      os::connect_to(place, os::never);
      FAIL() << "after " << i << " attempts";
    } catch (const std::system_error& error) {
      ASSERT_EQ(error.code(), std::errc::connection_refused);
    }
  }
}

TEST(Tcp, AClientSoonSeesThatNobodyIsThereAnyMore) {
  const os::Handle listening = os::listen_at(any_port, 1);
  const os::SocketAddress place = os::local_address(listening.get());
  std::optional<std::jthread> client(std::in_place, [&place] {
    EXPECT_THROW(mp::connection::Client({place.host, place.port}, {.authkey = "secret"}),
                 mp::EOFError);
  });
  os::wait_readable(listening.get(), os::never);
  auto accepted = os::accept_now(listening.get());
  if (!vanish(std::move(accepted->socket))) {
    client.reset();
    GTEST_SKIP() << "needs the right to close a socket without a word";
  }
}

TEST(Tcp, ConnectionsAskAfterAMinuteOfSilence) {
  const os::Handle listening = os::listen_at(any_port, 1);
  const os::Handle client = os::connect_to(os::local_address(listening.get()), os::never);
  const auto server = os::accept_now(listening.get());
  for (const os::NativeHandle end : {client.get(), server->socket.get()}) {
    int silence = 0;
    socklen_t size = sizeof silence;
    getsockopt(static_cast<int>(end), IPPROTO_TCP, TCP_KEEPIDLE, &silence, &size);
    EXPECT_EQ(silence, os::usual_silence.count());
  }
}

}  // namespace
