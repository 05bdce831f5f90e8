// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/listener.hpp>

#include <multiprocess/error.hpp>

#include "support/file_mode.hpp"
#include "support/in_time.hpp"
#include "support/latch.hpp"
#include "support/listening.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::meet;
using mp::test::Places;

namespace {

std::errc error_of(auto call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().value());
  }
  return {};
}

class ListenerTest : public Places {};
MULTIPROCESS_FOR_EACH_PLACE(ListenerTest);

TEST_P(ListenerTest, ConnectsTwoEnds) {
  Listener listener(place(), {.authkey = "secret"});
  const auto [server, client] = meet(listener, {.authkey = "secret"});
  client.send_bytes("hello");
  EXPECT_EQ(server.recv_bytes().size(), 5U);
  server.send(std::string("an object"));
  EXPECT_EQ(client.recv<std::string>(), "an object");
  client.close();
  EXPECT_THROW(server.recv_bytes(), mp::EOFError);
}

TEST_P(ListenerTest, NeedsNoKeyWhereNobodyElseCanCome) {
  Listener listener(place());
  const auto [server, client] = meet(listener, {});
  client.send(42);
  EXPECT_EQ(server.recv<int>(), 42);
}

TEST_P(ListenerTest, TellsItsAddressAndItsLastPeers) {
  Listener listener(place());
  EXPECT_EQ(listener.last_accepted(), std::nullopt);
  const Address address = listener.address();
  EXPECT_EQ(address.is_tcp(), place().is_tcp());
  EXPECT_EQ(address.port() != 0, place().is_tcp());
  const auto ends = meet(listener, {});
  ASSERT_TRUE(listener.last_accepted().has_value());
  EXPECT_EQ(listener.last_accepted()->host(), place().is_tcp() ? "127.0.0.1" : "");
  EXPECT_EQ(listener.last_accepted()->port() != 0, place().is_tcp());
}

TEST_P(ListenerTest, AcceptGivesUpInTime) {
  Listener listener(place(), {.authkey = "secret"});
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto timeout) {
    try {
      listener.accept(timeout);
      return true;
    } catch (const mp::TimeoutError&) {
      return false;
    }
  }));
  EXPECT_THROW(listener.accept(0s), mp::TimeoutError);
}

TEST_P(ListenerTest, IsClosedForAllCopies) {
  Listener listener(place());
  const Listener copy = listener;
  const Address address = listener.address();
  listener.close();
  listener.close();
  EXPECT_TRUE(copy.closed());
  EXPECT_EQ(error_of([&] { listener.accept(); }), std::errc::bad_file_descriptor);
  EXPECT_EQ(error_of([&] { (void)copy.address(); }), std::errc::bad_file_descriptor);
  EXPECT_EQ(error_of([&] { Client(address); }), place().is_tcp()
                                                    ? std::errc::connection_refused
                                                    : std::errc::no_such_file_or_directory);
}

TEST_P(ListenerTest, AnAddressInUseIsAnError) {
  const Listener listener(place());
  EXPECT_EQ(error_of([&] { Listener(listener.address()); }), std::errc::address_in_use);
}

TEST_P(ListenerTest, ManyThreadsAcceptAtOnce) {
  Listener listener(place(), {.authkey = "secret"});
  constexpr int each = 5;
  std::vector<std::jthread> servers;
  for (int i = 0; i < 4; ++i) {
    servers.emplace_back([listener]() mutable {
      for (int n = 0; n < each; ++n) {
        const mp::Connection connection = listener.accept();
        connection.send(connection.recv<int>() * 2);
      }
    });
  }
  for (int i = 0; i < 4 * each; ++i) {
    const mp::Connection client = Client(listener.address(), {.authkey = "secret"});
    client.send(i);
    EXPECT_EQ(client.recv<int>(), 2 * i);
  }
}

TEST(ListenerAtAPath, IsForThisUserAlone) {
  const Listener listener;
  const fs::path path = listener.address().path();
  EXPECT_EQ(mp::test::mode_of(path), 0600U);
  EXPECT_EQ(mp::test::mode_of(path.parent_path()), 0700U);
}

TEST(ListenerAtAPath, LeavesNoFile) {
  if (!mp::test::addresses_are_files) {
    GTEST_SKIP() << "a pipe is no file";
  }
  fs::path path;
  {
    const Listener listener;
    path = listener.address().path();
    const Listener copy = listener;
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
  Listener other;
  path = other.address().path();
  other.close();
  EXPECT_FALSE(fs::exists(path));
}

TEST(ListenerAtAPath, RemovesNoFileOfAnother) {
  if (!mp::test::addresses_are_files) {
    GTEST_SKIP() << "a pipe is no file";
  }
  Listener first;
  const std::string path = first.address().path();
  fs::remove(path);
  const Listener second(path);
  first.close();
  EXPECT_TRUE(fs::exists(path));
}

TEST(ListenerAtAPath, ALongOneIsAnError) {
  if (!multiprocess::test::addresses_are_files) {
    GTEST_SKIP() << "a pipe is no file";
  }
  EXPECT_EQ(error_of([] { Listener(std::string(200, 'x')); }), std::errc::filename_too_long);
  EXPECT_EQ(error_of([] { Client(std::string(200, 'x')); }), std::errc::filename_too_long);
}

TEST(ListenerAtAName, HasNoFile) {
  if (!multiprocess::test::addresses_are_files) {
    GTEST_SKIP() << "a pipe is no file";
  }
  const std::string name = std::string(1, '\0') + "mp-test-" + std::to_string(getpid());
  Listener listener{Address(name)};
  EXPECT_EQ(listener.address().path(), name);
  const auto [server, client] = meet(listener, {});
  client.send(1);
  EXPECT_EQ(server.recv<int>(), 1);
}

TEST(ListenerTcp, IsRefusedWithoutAKeyButOnLoopback) {
  EXPECT_THROW(Listener(Address("0.0.0.0", 0)), mp::ValueError);
  EXPECT_NO_THROW(Listener(Address("0.0.0.0", 0), {.authkey = "secret"}));
  EXPECT_NO_THROW(Listener(Address("localhost", 0)));
}

TEST(ListenerText, PrintsAsInPython) {
  const Listener listener;
  EXPECT_TRUE(
      fmt::format("{}", listener).starts_with("<multiprocess.connection.Listener object at 0x"));
}

TEST_P(ListenerTest, ABurstOfClientsLosesNobody) {
  constexpr int count = 400;
  Listener listener(place(), {.authkey = "secret"});
  std::atomic<int> refused = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back([&] {
      try {
        refused += Client(listener.address(), {.authkey = "secret"}).recv<int>() == 7 ? 0 : 1;
      } catch (const std::exception&) {
        ++refused;
      }
    });
  }
  for (int i = 0; i < count; ++i) {
    listener.accept(20s).send(7);
  }
  clients.clear();
  EXPECT_EQ(refused, 0);
}

TEST_P(ListenerTest, CloseWakesWhoAccepts) {
  for (const bool keyed : {false, true}) {
    Listener listener(
        place(), keyed ? mp::connection::Options{.authkey = "secret"} : mp::connection::Options{});
    std::vector<std::errc> errors(2);
    std::vector<std::jthread> acceptors;
    multiprocess::test::Latch begun(2);
    for (std::errc& error : errors) {
      acceptors.emplace_back([&] {
        begun.count_down();
        error = error_of([&] { listener.accept(); });
      });
    }
    begun.wait();
    listener.close();
    acceptors.clear();
    EXPECT_EQ(errors, std::vector(2, std::errc::bad_file_descriptor));
  }
}

TEST(ListenerText, PrintsOnStreams) {
  const Listener listener;
  std::ostringstream text;
  text << listener;
  EXPECT_EQ(text.str(), fmt::format("{}", listener));
}

}  // namespace
