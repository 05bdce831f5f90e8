// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"
#include "support/stream_pair.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::Connection;
using mp::test::plenty;
using mp::test::require;
using mp::test::use_now;

namespace {

class ConnectionProcesses : public mp::test::StartMethods {
 protected:
  static void join(std::vector<mp::Process>& processes) {
    for (mp::Process& process : processes) {
      process.join(plenty);
      EXPECT_EQ(process.exitcode(), 0);
    }
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(ConnectionProcesses);

/// Sends back what it gets, until it gets 0.
void echo(const Connection& connection) {
  int number = 0;
  do {
    number = connection.recv<int>();
    connection.send(number);
  } while (number != 0);
}

void expect_echo(const Connection& connection) {
  for (const int number : {1, 2, 3, 0}) {
    connection.send(number);
    EXPECT_EQ(connection.recv<int>(), number);
  }
}

TEST_P(ConnectionProcesses, AnEndIsAnArgument) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(&echo, there);
  there.close();
  expect_echo(here);
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(ConnectionProcesses, AnEndIsCaptured) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start([end = there] { echo(end); });
  expect_echo(here);
  child.join(plenty);
}

struct Post {
  std::string name;
  Connection connection;
  std::optional<Connection> other;
  std::vector<Connection> more;
  std::map<std::string, Connection> by_name;
};

TEST_P(ConnectionProcesses, EndsAreMembersOfArguments) {
  std::vector<std::pair<Connection, Connection>> pipes;
  for (int i = 0; i < 5; ++i) {
    pipes.push_back(mp::Pipe());
  }
  const Post post{"post",
                  pipes[0].second,
                  pipes[1].second,
                  {pipes[2].second, pipes[3].second, Connection()},
                  {{"last", pipes[4].second}}};
  mp::Process child = start(
      [](const Post& mine) {
        require(mine.name == "post" && mine.more.at(2).closed());
        echo(mine.connection);
        echo(*mine.other);
        echo(mine.more[0]);
        echo(mine.more[1]);
        echo(mine.by_name.at("last"));
      },
      post);
  for (const auto& [here, there] : pipes) {
    expect_echo(here);
  }
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(ConnectionProcesses, BothEndsOfASimplexPipeKeepTheirDirection) {
  const auto [reader, writer] = mp::Pipe(false);
  const auto [results, send_results] = mp::Pipe(false);
  mp::Process child = start(
      [](const Connection& in, const Connection& out) {
        require(in.readable() && !in.writable() && !out.readable() && out.writable());
        out.send(in.recv<int>() * 2);
      },
      reader, send_results);
  writer.send(21);
  EXPECT_EQ(results.recv<int>(), 42);
  child.join(plenty);
}

TEST_P(ConnectionProcesses, AnEndGivenTwiceIsTheSame) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [](const Connection& a, const Connection& b, const Connection& other) {
        require(a == b && a != other);
        a.send(1);
        b.send(2);
        a.close();
      },
      there, there, here);
  EXPECT_EQ(here.recv<int>(), 1);
  EXPECT_EQ(here.recv<int>(), 2);
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(ConnectionProcesses, AStreamIsAnArgument) {
  const auto [here, there] = mp::test::make_stream_pair();
  mp::Process child = start(&echo, there);
  there.close();
  expect_echo(here);
  child.join(plenty);
  EXPECT_THROW(here.recv(), mp::EOFError);
}

TEST_P(ConnectionProcesses, ChildrenTalkToEachOther) {
  const auto [first, second] = mp::Pipe();
  const mp::Queue<int> results;
  mp::Process asking = start(
      [](const Connection& peer, const mp::Queue<int>& out) {
        int sum = 0;
        for (int i = 1; i <= 1000; ++i) {
          peer.send(i);
          sum += peer.recv<int>();
        }
        peer.send(0);
        out.put(sum);
      },
      first, results);
  mp::Process answering = start(&echo, second);
  first.close();
  second.close();
  EXPECT_EQ(results.get(plenty), 1000 * 1001 / 2);
  asking.join(plenty);
  answering.join(plenty);
}

constexpr int each_sends = 1000;

void send_many(const Connection& out, int sender) {
  for (int k = 0; k < each_sends; ++k) {
    // From what fits into a slot to what is copied while it is sent.
    std::vector<int> message(k % 100 == 0 ? 70'000 : static_cast<std::size_t>(k % 60) + 1);
    std::iota(message.begin(), message.end(), sender * each_sends + k);
    out.send(message);
  }
}

struct Received {
  int count = 0;
  long sum = 0;
};

/// `out` is inherited by a fork, else a copy.
void receive_all(const Connection& in, const Connection& out, const mp::Queue<Received>& results) {
  out.close();
  Received all;
  try {
    while (true) {
      const auto message = in.recv<std::vector<int>>();
      for (std::size_t k = 1; k < message.size(); ++k) {
        require(message[k] == message[k - 1] + 1);
      }
      ++all.count;
      all.sum += message.front();
    }
  } catch (const mp::EOFError&) {
    results.put(all);
  }
}

TEST_P(ConnectionProcesses, SendersAndReceiversAtOneEndDoNotMix) {
  constexpr int processes = 3;
  const auto [in, out] = mp::Pipe(false);
  const mp::Queue<Received> results;
  std::vector<mp::Process> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(start(&send_many, out, i));
    children.push_back(start(&receive_all, in, out, results));
  }
  out.close();
  Received all;
  for (int i = 0; i < processes; ++i) {
    const Received some = results.get(plenty);
    all.count += some.count;
    all.sum += some.sum;
  }
  join(children);
  constexpr long count = processes * each_sends;
  EXPECT_EQ(all.count, count);
  EXPECT_EQ(all.sum, count * (count - 1) / 2);
}

TEST_P(ConnectionProcesses, AClosedEndIsNoArgumentForAnotherProgram) {
  const auto [here, there] = mp::Pipe();
  there.close();
  mp::Process child = process([](const Connection& end) { require(end.closed()); }, there);
  if (GetParam() == mp::StartMethod::fork) {
    child.start();
    child.join(plenty);
    EXPECT_EQ(child.exitcode(), 0);
  } else {
    EXPECT_THROW(child.start(), std::system_error);
  }
}

TEST_P(ConnectionProcesses, LargeMessagesBothWays) {
  for (const std::size_t mebibytes : {1U, 64U}) {
    const auto [here, there] = mp::Pipe();
    mp::Process child = start([end = there] { end.send_bytes(end.recv_bytes()); });
    const std::string message(mebibytes << 20, 'm');
    here.send_bytes(message);
    std::string back(message.size(), '-');
    EXPECT_EQ(here.recv_bytes_into(back), message.size());
    EXPECT_TRUE(back == message);
    child.join(plenty);
  }
}

TEST_P(ConnectionProcesses, AChildMayEndBeforeItsMessagesAreTaken) {
  const auto [here, there] = mp::Pipe();
  EXPECT_EQ(exitcode_of(
                [](const Connection& out) {
                  for (int i = 0; i < 1000; ++i) {
                    out.send(std::string(static_cast<std::size_t>(i), 'x'));
                  }
                  out.send_bytes(std::vector<std::byte>(3 << 20, std::byte{7}));
                },
                there),
            0);
  there.close();
  for (std::size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(here.recv<std::string>(), std::string(i, 'x'));
  }
  EXPECT_TRUE(here.recv_bytes() == std::vector<std::byte>(3 << 20, std::byte{7}));
  EXPECT_THROW(here.recv(), mp::EOFError);
}

TEST_P(ConnectionProcesses, WorkAndResultsAreWhateverCanBeSent) {
  using Work = mp::Function<mp::Object(int)>;
  const auto [here, there] = mp::Pipe();
  mp::Process worker = start([end = there] {
    for (int i = 0; i < 3; ++i) {
      end.send(end.recv<Work>()(i));
    }
  });
  const mp::Lock lock;
  here.send(Work([](int x) { return mp::Object(x + 10); }));
  here.send(Work([lock](int x) {
    lock.acquire();
    return mp::Object(std::vector<int>(2, x));
  }));
  here.send(Work([lock](int) { return mp::Object(lock); }));
  EXPECT_EQ(here.recv<int>(), 10);
  EXPECT_EQ(here.recv<std::vector<int>>(), (std::vector{1, 1}));
  EXPECT_EQ(here.recv<mp::Lock>(), lock);
  EXPECT_TRUE(lock.locked());
  worker.join(plenty);
}

class Speaker : public mp::ProcessClass<Speaker> {
 public:
  Speaker() = default;
  Speaker(const mp::ProcessOptions& options, Connection to)
      : mp::ProcessClass<Speaker>(options), to_(std::move(to)) {}

  void run() override { to_.send("spoken"); }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(to_);
  }

 private:
  Connection to_;
};

TEST_P(ConnectionProcesses, AProcessClassHasAnEndOfItsOwn) {
  const auto [here, there] = mp::Pipe();
  Speaker speaker(options(), there);
  speaker.start();
  EXPECT_EQ(here.recv<std::string>(), "spoken");
  speaker.join(plenty);
}

TEST_P(ConnectionProcesses, LeaveNothing) {
  EXPECT_EQ(exitcode_of([] {}), 0);  // what a start method makes at its first use
  const auto before = use_now();
  {
    const auto [here, there] = mp::Pipe();
    std::vector<mp::Process> children;
    for (int i = 0; i < 3; ++i) {
      children.push_back(start([end = there] {
        end.send(std::string(100'000, 'x'));
        end.send(std::vector<mp::Lock>(5));
      }));
    }
    join(children);
    EXPECT_EQ(here.recv<std::string>().size(), 100'000U);
  }
  EXPECT_EQ(use_now().objects, before.objects);
  EXPECT_EQ(use_now().parts, before.parts);
}

}  // namespace
