// SPDX-License-Identifier: BSD-3-Clause
// Somebody in between, without the key: what Python's handshake lets pass and the strict one does
// not.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/hex.hpp"
#include "support/listening.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::connection::Options;

namespace {

/// Listens at an address of its own, and hands on what both sides say, changed or not.
class Attacker {
 public:
  using Change = std::function<std::vector<std::byte>(std::vector<std::byte>)>;

  explicit Attacker(
      Address server, Change change = [](auto bytes) { return bytes; })
      : server_(std::move(server)), change_(std::move(change)) {}
  ~Attacker() { over_ = true; }

  Address address() const { return Address(os::local_address(listening_.get())); }

 private:
  void work() {
    os::Handle client;
    while (!client && !over_) {
      os::wait_readable(listening_.get(), std::chrono::steady_clock::now() + 10ms);
      if (auto accepted = os::accept_now(listening_.get())) {
        client = std::move(accepted->socket);
      }
    }
    if (client) {
      const os::Handle server = os::connect_to(server_.where(), os::never);
      while (!over_ && hand_on(client, server, true) && hand_on(server, client, false)) {
      }
    }
  }

  bool hand_on(const os::Handle& from, const os::Handle& to, bool from_client) {
    std::array<std::byte, 4096> space;
    if (!os::wait_readable(from.get(), std::chrono::steady_clock::now() + 1ms)) {
      return true;
    }
    try {
      const std::size_t got = os::read_some(from.get(), space);
      std::vector<std::byte> bytes(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(got));
      os::write_all(to.get(), from_client ? change_(std::move(bytes)) : bytes);
      return got != 0;
    } catch (const std::system_error&) {
      return false;
    }
  }

  const Address server_;
  const Change change_;
  std::atomic<bool> over_{false};
  os::Handle listening_ = os::listen_at({"", "127.0.0.1", 0}, 1);
  std::jthread thread_{[this] { work(); }};
};

Options options(bool strict) {
  return {.authkey = "secret", .strict = strict};
}

TEST(Relay, PassesThroughPythonsHandshake) {
  Listener listener({"127.0.0.1", 0}, options(false));
  const Attacker attacker(listener.address());
  auto client =
      std::async(std::launch::async, [&] { return Client(attacker.address(), options(false)); });
  const mp::Connection server = listener.accept(20s);
  client.get().send_bytes("the attacker reads this, and could have written it");
  EXPECT_GT(server.recv_bytes().size(), 0U);
}

TEST(Relay, DoesNotPassThroughTheStrictOne) {
  Listener listener({"127.0.0.1", 0}, options(true));
  const Attacker attacker(listener.address());
  auto client = std::async(std::launch::async, [&] {
    EXPECT_THROW(Client(attacker.address(), options(true)), mp::AuthenticationError);
  });
  EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
  client.get();
}

TEST(Relay, ThatTheListenerIsToldOfPasses) {
  // As one knows it from tunnels; it still cannot change a byte.
  Listener direct({"127.0.0.1", 0}, options(true));
  const Address inner = direct.address();
  direct.close();
  bool changes = false;
  Attacker tunnel(inner, [&changes](std::vector<std::byte> bytes) {
    if (changes && !bytes.empty()) {
      bytes.back() ^= std::byte{1};
    }
    return bytes;
  });
  Options told = options(true);
  told.public_address = tunnel.address();
  Listener listener(inner, told);
  auto client =
      std::async(std::launch::async, [&] { return Client(tunnel.address(), options(true)); });
  const mp::Connection server = listener.accept(20s);
  const mp::Connection connection = client.get();
  connection.send_bytes("hello");
  EXPECT_EQ(server.recv_bytes(), mp::test::bytes_of("hello"));
  changes = true;
  connection.send_bytes("hello");
  EXPECT_THROW(server.recv_bytes(), std::system_error);
  EXPECT_TRUE(server.closed());
}

TEST(Relay, OfAListenerAtAllAddressesIsRefusedToo) {
  Listener listener({"0.0.0.0", 0}, options(true));
  const Address real("127.0.0.1", listener.address().port());
  {
    auto client = std::async(std::launch::async, [&] { return Client(real, options(true)); });
    EXPECT_NO_THROW(listener.accept(20s));
    client.get();
  }
  const Attacker attacker(real);
  auto client = std::async(std::launch::async, [&] {
    EXPECT_THROW(Client(attacker.address(), options(true)), mp::AuthenticationError);
  });
  EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
  client.get();
}

}  // namespace
