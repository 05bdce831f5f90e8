// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/client.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/listener.hpp>

#include "support/listening.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <system_error>
#include <thread>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;

namespace {

TEST(ClientTest, NeedsAnAddress) {
  EXPECT_THROW(Client(Address()), mp::ValueError);
}

TEST(ClientTest, AHostThatIsNoneIsAnError) {
  EXPECT_THROW(Client({"no.such.host.invalid", 1}, {.authkey = "secret"}), std::system_error);
}

TEST(ClientTest, GivesUpWhenItIsTold) {
  const Listener listener({.authkey = "secret"});  // nobody accepts
  EXPECT_THROW(Client(listener.address(), {.authkey = "secret", .handshake_timeout = 20ms}),
               mp::TimeoutError);
}

TEST(ClientTest, SeesThatTheOtherEndHangsUp) {
  Listener listener;
  const std::jthread server([&] { listener.accept().close(); });
  EXPECT_THROW(Client(listener.address(), {.authkey = "secret"}), mp::EOFError);
}

TEST(ClientTest, SeesAtAnyMomentThatTheListenerEnds) {
  if (!mp::test::can_fork) {
    GTEST_SKIP() << "nobody has seen which errors Wine has for it";
  }
  const mp::connection::Options options{.authkey = "secret", .strict = true};
  for (int i = 0; i < 300; ++i) {
    Listener listener({"127.0.0.1", 0}, options);
    const std::jthread client([address = listener.address(), &options] {
      try {
        Client(address, options);
        ADD_FAILURE() << "nobody accepts";
      } catch (const mp::EOFError&) {
      } catch (const std::system_error& error) {
        EXPECT_TRUE(error.code() == std::errc::connection_refused ||
                    error.code() == std::errc::connection_reset)
            << error.what();
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(i));  // another moment each time
    listener.close();
  }
}

/// The halves of the handshake, over a stream.
class Challenge : public testing::Test {
 protected:
  Listener listener_;
  const std::pair<mp::Connection, mp::Connection> ends_ = mp::test::meet(listener_, {});
  const mp::Connection& here_ = ends_.first;
  const mp::Connection& there_ = ends_.second;
};

TEST_F(Challenge, IsAnsweredByWhoHasTheKey) {
  const std::jthread other([this] { mp::connection::answer_challenge(there_, "secret"); });
  EXPECT_NO_THROW(mp::connection::deliver_challenge(here_, "secret"));
}

TEST_F(Challenge, FailsAtBothEndsForAnotherKey) {
  const std::jthread other([this] {
    EXPECT_THROW(mp::connection::answer_challenge(there_, "wrong"), mp::AuthenticationError);
  });
  EXPECT_THROW(mp::connection::deliver_challenge(here_, "secret"), mp::AuthenticationError);
}

TEST_F(Challenge, WaitsNoLongerThanItIsTold) {
  const mp::connection::Options options{.handshake_timeout = 10ms};
  EXPECT_THROW(mp::connection::deliver_challenge(here_, "secret", options), mp::TimeoutError);
  EXPECT_THROW(mp::connection::answer_challenge(here_, "secret", options), mp::TimeoutError);
}

TEST_F(Challenge, WaitsNoLongerForTheRestOfAFrame) {
  const mp::connection::Options options{.handshake_timeout = 10ms};
  constexpr std::array<std::byte, 5> frame{std::byte{}, std::byte{}, std::byte{}, std::byte{9}};
  for (const std::size_t begun : {1U, 5U}) {
    const os::Handle slow = os::connect_to(listener_.address().where(), os::never);
    const mp::Connection server = listener_.accept();
    os::write_all(slow.get(), std::span(frame).first(begun));
    EXPECT_THROW(mp::connection::answer_challenge(server, "secret", options), mp::TimeoutError);
    EXPECT_TRUE(server.closed()) << "there is no going on in the middle of a frame";
  }
}

TEST_F(Challenge, IsPythonsFormWithAKey) {
  EXPECT_THROW(mp::connection::deliver_challenge(here_, ""), mp::ValueError);
  EXPECT_THROW(mp::connection::answer_challenge(here_, "secret", {.strict = true}), mp::ValueError);
}

}  // namespace
