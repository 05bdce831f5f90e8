// SPDX-License-Identifier: BSD-3-Clause
// What goes beside the bytes between programs of one machine.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/serialization.hpp>

#include "support/listening.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using mp::connection::Client;
using mp::connection::Listener;

namespace {

/// Two ends between which descriptors pass.
class DescriptorsOverAPath : public testing::Test {
 protected:
  Listener listener_{mp::connection::Options{.authkey = "secret"}};
  const std::pair<mp::Connection, mp::Connection> ends_ =
      mp::test::meet(listener_, {.authkey = "secret"});
  const mp::Connection& here_ = ends_.first;
  const mp::Connection& there_ = ends_.second;
  os::Pipe pipe_ = os::make_pipe();
};

std::byte through(const mp::Fd& writing, const os::Pipe& pipe, std::byte value) {
  os::write_all(writing.fileno(), std::array{value});
  std::array<std::byte, 1> got{};
  os::read_all(pipe.read.get(), got);
  return got[0];
}

TEST_F(DescriptorsOverAPath, ADescriptorArrives) {
  here_.send(mp::Fd(std::move(pipe_.write)));
  const mp::Fd received = there_.recv<mp::Fd>();
  EXPECT_EQ(through(received, pipe_, std::byte{7}), std::byte{7});
}

TEST_F(DescriptorsOverAPath, SeveralInsideOfThings) {
  const mp::Fd one(std::move(pipe_.write));
  os::Pipe other = os::make_pipe();
  const std::map<std::string, mp::Fd> all{{"one", one}, {"other", mp::Fd(std::move(other.write))}};
  here_.send(std::pair(std::string(100'000, 'x'), all));
  const auto [text, received] =
      there_.recv<std::pair<std::string, std::map<std::string, mp::Fd>>>();
  EXPECT_EQ(text.size(), 100'000U);
  EXPECT_EQ(through(received.at("one"), pipe_, std::byte{1}), std::byte{1});
  EXPECT_EQ(through(received.at("other"), other, std::byte{2}), std::byte{2});
}

TEST_F(DescriptorsOverAPath, AnObjectKeepsThem) {
  here_.send(mp::Object(mp::Fd(std::move(pipe_.write))));
  const mp::Object object = there_.recv();
  there_.send(object);
  EXPECT_EQ(through(here_.recv<mp::Fd>(), pipe_, std::byte{3}), std::byte{3});
}

TEST_F(DescriptorsOverAPath, AConnectionArrives) {
  Listener open;
  const auto [server, client] = mp::test::meet(open, {});
  here_.send(client);
  client.close();
  there_.recv<mp::Connection>().send(5);
  EXPECT_EQ(server.recv<int>(), 5);
  EXPECT_THROW(server.recv<int>(), mp::EOFError) << "nobody has a copy left";
}

TEST_F(DescriptorsOverAPath, AListenerArrivesUnlessItHasAKey) {
  Listener open;
  here_.send(open);
  Listener received = there_.recv<Listener>();
  EXPECT_EQ(received.address(), open.address());
  const auto [server, client] = mp::test::meet(received, {});
  client.send(6);
  EXPECT_EQ(server.recv<int>(), 6);
  EXPECT_THROW(here_.send(listener_), mp::NotSendable);
}

TEST_F(DescriptorsOverAPath, WhatIsOfTheTreeStaysThere) {
  EXPECT_THROW(here_.send(mp::Lock()), mp::NotSendable);
  EXPECT_THROW(here_.send(mp::Pipe().first), mp::NotSendable);
  here_.send(1);
  EXPECT_EQ(there_.recv<int>(), 1) << "nothing was sent by then";
}

TEST_F(DescriptorsOverAPath, MoreThanAMessageCarriesAreRefused) {
  const mp::Fd one(std::move(pipe_.write));
  EXPECT_THROW(here_.send(std::vector<mp::Fd>(254, one)), mp::NotSendable);
  here_.send(std::vector<mp::Fd>(100, one));
  EXPECT_EQ(there_.recv<std::vector<mp::Fd>>().size(), 100U);
}

TEST_F(DescriptorsOverAPath, BytesThatAreReadAsBytesBringNone) {
  here_.send(mp::Fd(std::move(pipe_.write)));
  there_.recv_bytes();
  std::array<std::byte, 1> nothing{};
  EXPECT_FALSE(os::read_all(pipe_.read.get(), nothing)) << "the writing end is closed";
}

TEST_F(DescriptorsOverAPath, AForgedMessageIsAnError) {
  const std::array<std::byte, 3> frame{std::byte{1}, std::byte{2}, std::byte{3}};
  const std::array handles{pipe_.write.get()};
  const std::array<std::byte, 4> header{std::byte{}, std::byte{}, std::byte{}, std::byte{3}};
  os::write_with_handles(here_.fileno(), header, handles);
  os::write_all(here_.fileno(), frame);
  EXPECT_THROW(there_.recv<mp::Fd>(), mp::ValueError);
  here_.send(2);
  EXPECT_EQ(there_.recv<int>(), 2);
}

TEST_F(DescriptorsOverAPath, AShortageIsAnError) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  here_.send(std::vector<mp::Fd>(20, mp::Fd(std::move(pipe_.write))));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(os::duplicate(0).get());
  setrlimit(RLIMIT_NOFILE, &few);
  EXPECT_THROW(there_.recv<std::vector<mp::Fd>>(), std::system_error);
  setrlimit(RLIMIT_NOFILE, &before);
  here_.send(2);
  EXPECT_EQ(there_.recv<int>(), 2) << "the connection is as good as before";
}

TEST(DescriptorsOverTcp, AreNotSendable) {
  Listener listener({"localhost", 0});
  const auto [server, client] = mp::test::meet(listener, {});
  EXPECT_THROW(client.send(mp::Fd::duplicate(0)), mp::NotSendable);
  EXPECT_THROW(client.send(server), mp::NotSendable);
  EXPECT_THROW(client.send(listener), mp::NotSendable);
  client.send(1);
  EXPECT_EQ(server.recv<int>(), 1);
}

}  // namespace
