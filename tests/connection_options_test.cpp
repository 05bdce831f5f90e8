// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection_options.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/listener.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::connection::Client;
using mp::connection::Listener;

namespace {

TEST(ListenerOptions, AnEmptyKeyIsAValueError) {
  EXPECT_THROW(Listener(mp::connection::Options{.authkey = ""}), mp::ValueError);
  const Listener listener;
  EXPECT_THROW(Client(listener.address(), {.authkey = ""}), mp::ValueError);
  EXPECT_THROW(Client(listener.address(), {.strict = true}), mp::ValueError);
}

TEST(ListenerOptions, ThatContradictEachOtherAreAValueError) {
  const mp::connection::Options both{.authkey = "secret", .strict = true, .legacy_md5 = true};
  EXPECT_THROW(Listener{both}, mp::ValueError);
  EXPECT_THROW(Listener(mp::connection::Options{.backlog = -1}), mp::ValueError);
  EXPECT_NO_THROW(Listener(mp::connection::Options{.backlog = 0}));
}

TEST(ListenerOptions, AreWrittenByName) {
  const mp::connection::Options options{.backlog = 5,
                                        .authkey = "secret",
                                        .strict = true,
                                        .handshake_timeout = 2s,
                                        .public_address = mp::Address("192.0.2.1", 80)};
  EXPECT_NO_THROW(Listener{options});
  EXPECT_FALSE(mp::connection::Options().authkey.has_value());
}

TEST(ListenerOptions, PrintWhatWasSaidAndNoKey) {
  EXPECT_EQ(fmt::format("{}", mp::connection::Options()), "Options()");
  std::ostringstream out;
  out << mp::connection::Options{.backlog = 5,
                                 .authkey = "secret",
                                 .strict = true,
                                 .legacy_md5 = true,
                                 .handshake_timeout = 500ms,
                                 .public_address = mp::Address("192.0.2.1", 80)};
  EXPECT_EQ(out.str(),
            "Options(backlog=5, authkey=..., strict=True, legacy_md5=True, handshake_timeout=0.5, "
            "public_address=('192.0.2.1', 80))");
}

TEST(ListenerOptions, TheirTimeIsThatOfOneHandshake) {
  Listener listener({.authkey = "secret", .handshake_timeout = 10ms});
  const mp::Connection silent = Client(listener.address());
  EXPECT_THROW(listener.accept(), mp::AuthenticationError);
}

}  // namespace
