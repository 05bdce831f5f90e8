// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/listener.hpp>

#include <multiprocess/queue.hpp>
#include <multiprocess/simple_queue.hpp>

#include "support/child.hpp"
#include "support/gate.hpp"
#include "support/listening.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <string>
#include <system_error>
#include <thread>

namespace mp = multiprocess;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::Child;
using mp::test::plenty;

namespace {

class ListenerProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ListenerProcesses);

void accept_one(Listener listener) {
  const mp::Connection connection = listener.accept(plenty);
  connection.send(connection.recv<int>() + 1);
}

void answer(const mp::Connection& connection) {
  connection.send(connection.recv<int>() + 1);
}

int ask(const mp::Connection& server, int number) {
  server.send(number);
  return server.recv<int>();
}

TEST_P(ListenerProcesses, AListenerIsAnArgument) {
  for (const bool strict : {false, true}) {
    const Listener listener({"localhost", 0}, {.authkey = "secret", .strict = strict});
    mp::Process server = start(accept_one, listener);
    EXPECT_EQ(ask(Client(listener.address(), {.authkey = "secret", .strict = strict}), 1), 2);
    server.join(plenty);
    EXPECT_EQ(server.exitcode(), 0);
  }
}

TEST_P(ListenerProcesses, TheFileStaysWhenACopyEndsElsewhere) {
  if (!mp::test::addresses_are_files) {
    GTEST_SKIP() << "a listener at a pipe stays in its process";
  }
  Listener listener({.authkey = "secret"});
  mp::Process server = start(accept_one, listener);
  EXPECT_EQ(ask(Client(listener.address(), {.authkey = "secret"}), 1), 2);
  server.join(plenty);
  EXPECT_TRUE(fs::exists(listener.address().path()));
  EXPECT_NO_THROW(mp::test::meet(listener, {.authkey = "secret"}));
}

TEST_P(ListenerProcesses, AListenerTravelsOnAQueue) {
  mp::Queue<Listener> queue;
  mp::Process server =
      start([](const mp::Queue<Listener>& from) { accept_one(from.get()); }, queue);
  const Address address = [&queue] {
    const Listener listener({"localhost", 0}, {.authkey = "secret"});
    queue.put(listener);
    return listener.address();
  }();
  EXPECT_EQ(ask(Client(address, {.authkey = "secret"}), 1), 2) << "it lives in the message alone";
  server.join(plenty);
}

TEST(ListenerThreads, OneClosesWhatAnotherSends) {
  const mp::Queue<Listener> queue;
  for (int i = 0; i < 30; ++i) {
    Listener listener({"localhost", 0}, {.authkey = "secret"});
    std::latch begun(1);
    std::jthread closes([&] {
      begun.wait();
      listener.close();
    });
    const auto send = [&] {
      while (true) {
        queue.put(listener);
        queue.get();
        if (!begun.try_wait()) {
          begun.count_down();
        }
      }
    };
    EXPECT_THROW(send(), mp::NotSendable);
  }
}

TEST_P(ListenerProcesses, AnAcceptedConnectionIsAnArgument) {
  for (const bool strict : {false, true}) {
    Listener listener({"localhost", 0}, {.authkey = "secret", .strict = strict});
    const auto [server, client] = mp::test::meet(listener, {.authkey = "secret", .strict = strict});
    std::jthread first([connection = client] { EXPECT_EQ(ask(connection, 1), 2); });
    answer(server);
    first.join();
    mp::Process worker = start(answer, server);
    server.close();
    EXPECT_EQ(ask(client, 5), 6) << "the counters of a sealed one go on";
    worker.join(plenty);
    EXPECT_EQ(worker.exitcode(), 0);
  }
}

TEST_P(ListenerProcesses, TheFolderGoesWithTheProcess) {
  if (!mp::test::addresses_are_files) {
    GTEST_SKIP() << "a listener at a pipe stays in its process";
  }
  mp::SimpleQueue<std::string> paths;
  EXPECT_EQ(exitcode_of(
                [](const mp::SimpleQueue<std::string>& to) {
                  static const Listener kept;
                  to.put(kept.address().path());
                },
                paths),
            0);
  const fs::path path = paths.get();
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path.parent_path()));
}

TEST(ListenerForked, AChildAcceptsForItself) {
  Listener listener({.authkey = "secret"});
  const mp::Connection silent = Client(listener.address());
  EXPECT_THROW(listener.accept(20ms), mp::TimeoutError);  // the handshake is under way, in us
  Child child([&listener] {
    accept_one(listener);
    mp::test::require(fs::exists(listener.address().path()));
  });
  EXPECT_EQ(ask(Client(listener.address(), {.authkey = "secret"}), 1), 2);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_THROW(listener.accept(20ms), mp::TimeoutError);
  EXPECT_TRUE(fs::exists(listener.address().path()));
}

TEST(ListenerForked, AChildThatClosesItKeepsNothingOpen) {
  if (!mp::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not follow a fork among threads";
  }
  Listener listener({"127.0.0.1", 0}, {.authkey = "secret"});
  const Address address = listener.address();
  std::jthread accepts([&listener] { EXPECT_THROW(listener.accept(), std::system_error); });
  const mp::Connection silent = Client(address);
  ASSERT_TRUE(silent.poll(plenty)) << "the thread is at it";
  mp::test::Gate closed;
  mp::test::Gate over;
  Child child([&] {
    listener.close();
    closed.open();
    over.wait();
  });
  closed.wait();
  listener.close();
  accepts.join();
  EXPECT_THROW(Client(Address(address)), std::system_error) << "nobody listens";
  over.open();
  EXPECT_EQ(child.wait(), 0);
}

TEST(ListenerForked, AChildKeepsNobodyOfItsParent) {
  Listener listener({.authkey = "secret"});
  const mp::Connection slow = Client(listener.address());
  EXPECT_THROW(listener.accept(20ms), mp::TimeoutError);  // the handshake is under way, in us
  mp::test::Gate over;
  Child child([&over] { over.wait(); });
  std::jthread client([&slow] {
    mp::connection::answer_challenge(slow, "secret", {.handshake_timeout = plenty});
    mp::connection::deliver_challenge(slow, "secret", {.handshake_timeout = plenty});
  });
  listener.accept(plenty).close();
  client.join();
  EXPECT_TRUE(slow.poll(plenty)) << "the end, while the child lives";
  EXPECT_THROW(slow.recv_bytes(), mp::EOFError);
  over.open();
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
