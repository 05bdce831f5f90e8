// SPDX-License-Identifier: BSD-3-Clause
// Several processes that accept at one Listener.
#include <multiprocess/listener.hpp>

#include <multiprocess/barrier.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::plenty;

namespace {

class ListenerWorkers : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ListenerWorkers);

constexpr int workers = 4;
constexpr int clients_of_each = 5;

/// All have one before any goes on: nobody can do the work of another.
void serve_some(Listener listener, const mp::Barrier& all) {
  for (int i = 0; i < clients_of_each; ++i) {
    const mp::Connection connection = listener.accept(plenty);
    all.wait(plenty);
    connection.send(connection.recv<int>() + 1);
  }
}

TEST_P(ListenerWorkers, NobodyTakesMoreThanHeReturns) {
  for (const mp::connection::Options& options :
       {mp::connection::Options{}, mp::connection::Options{.authkey = "secret"},
        mp::connection::Options{.authkey = "secret", .strict = true}}) {
    const Listener listener(options);
    const mp::Barrier all(workers);
    std::vector<mp::Process> processes;
    for (int i = 0; i < workers; ++i) {
      processes.push_back(start(serve_some, listener, all));
    }
    std::atomic<int> served = 0;
    std::vector<std::jthread> clients;
    for (int i = 0; i < workers * clients_of_each; ++i) {
      clients.emplace_back([&, i] {
        try {
          const mp::Connection client = Client(listener.address(), options);
          client.send(i);
          served += client.recv<int>() == i + 1 ? 1 : 0;
        } catch (const std::exception& error) {
          ADD_FAILURE() << error.what();
        }
      });
    }
    clients.clear();
    EXPECT_EQ(served, workers * clients_of_each);
    for (mp::Process& process : processes) {
      EXPECT_TRUE(process.join(plenty));
    }
  }
}

void accept_one_and_stay(Listener listener, const mp::Event& over) {
  const mp::Connection connection = listener.accept(plenty);
  connection.send(1);
  over.wait(plenty);
}

TEST_P(ListenerWorkers, WhoIsSlowIsServedByTheOneWhoHasTime) {
  const Listener listener({.authkey = "secret"});
  const mp::Event over;
  mp::Process busy = start(accept_one_and_stay, listener, over);
  const mp::Connection slow = Client(listener.address());
  ASSERT_TRUE(slow.poll(plenty)) << "the first one begins its handshake";
  EXPECT_EQ(Client(listener.address(), {.authkey = "secret"}).recv<int>(), 1);
  mp::Process idle = start(accept_one_and_stay, listener, over);
  mp::connection::answer_challenge(slow, "secret", {.handshake_timeout = plenty});
  mp::connection::deliver_challenge(slow, "secret", {.handshake_timeout = plenty});
  ASSERT_TRUE(slow.poll(plenty));
  EXPECT_EQ(slow.recv<int>(), 1);
  over.set();
  EXPECT_TRUE(busy.join(plenty));
  EXPECT_TRUE(idle.join(plenty));
}

TEST_P(ListenerWorkers, WhoIsHereWhenItIsSentIsServedThere) {
  if (GetParam() == mp::StartMethod::fork) {
    GTEST_SKIP() << "a forked child has the Listener without its being sent";
  }
  Listener listener({.authkey = "secret"});
  const mp::Event over;
  over.set();
  const mp::Connection slow = Client(listener.address());
  EXPECT_THROW(listener.accept(20ms), mp::TimeoutError);
  ASSERT_TRUE(slow.poll(plenty)) << "its handshake is under way, in us";
  mp::Process idle = start(accept_one_and_stay, listener, over);
  mp::connection::answer_challenge(slow, "secret", {.handshake_timeout = plenty});
  mp::connection::deliver_challenge(slow, "secret", {.handshake_timeout = plenty});
  EXPECT_EQ(slow.recv<int>(), 1);
  EXPECT_TRUE(idle.join(plenty));
}

TEST_P(ListenerWorkers, WhoEndsLeavesNobodyBehind) {
  const Listener listener({.authkey = "secret"});
  const mp::Event over;
  over.set();
  mp::Process first =
      start([](Listener shared) { EXPECT_THROW(shared.accept(plenty), mp::AuthenticationError); },
            listener);
  const mp::Connection slow = Client(listener.address());
  ASSERT_TRUE(slow.poll(plenty));
  ASSERT_TRUE(Client(listener.address()).poll(plenty)) << "it begins, and hangs up";
  ASSERT_TRUE(first.join(plenty));
  mp::Process second = start(accept_one_and_stay, listener, over);
  mp::connection::answer_challenge(slow, "secret", {.handshake_timeout = plenty});
  mp::connection::deliver_challenge(slow, "secret", {.handshake_timeout = plenty});
  EXPECT_EQ(slow.recv<int>(), 1);
  EXPECT_TRUE(second.join(plenty));
}

}  // namespace
