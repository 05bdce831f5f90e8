// SPDX-License-Identifier: BSD-3-Clause
// Listeners, managers and their clients that are killed at any moment of a call, on every system.
#include <multiprocess/client.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/manager.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/raw_array.hpp>

#include "support/chance.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/listening.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::count_at;
using mp::test::Crew;
using mp::test::crew_size;
using mp::test::plenty;

/// Fewer where each process has to be started as a program.
int kills() {
  return mp::test::can_fork ? static_cast<int>(mp::test::scaled(100)) : 15;
}

constexpr const char* key = "the key of the test";
constexpr std::size_t most_threads = 64;

/// What a call may say whose other end was killed.
template <class Call>
void until_the_other_end_is_gone(Call call) {
  try {
    while (true) {
      call();
    }
  } catch (const mp::EOFError&) {
  } catch (const std::system_error& error) {
    const auto gone = {std::errc::broken_pipe, std::errc::connection_reset,
                       std::errc::connection_aborted, std::errc::connection_refused,
                       std::errc::no_such_file_or_directory};
    EXPECT_TRUE(std::ranges::any_of(gone, [&](std::errc each) { return error.code() == each; }))
        << error.what();
  }
}

/// What clients have, from the kill to the end of their last call. Wine takes its time.
std::chrono::seconds in_time() {
  return mp::test::can_fork ? 1s : plenty;
}

void answer(const mp::Connection& client) {
  until_the_other_end_is_gone([&] { client.send(client.recv<std::string>()); });
}

/// Accepts whoever comes until it is told that it is over; who is killed in its handshake is no
/// reason to stop.
void serve(Listener listener, const mp::RawArray<int>& over) {
  std::vector<std::jthread> threads;
  while (count_at(over, 0) == 0) {
    if (threads.size() == most_threads) {
      threads.clear();  // most have ended, and the others do soon
    }
    try {
      threads.emplace_back(answer, listener.accept(10ms));
    } catch (const mp::TimeoutError&) {
    } catch (const mp::AuthenticationError&) {
    }
  }
}

/// Until it is killed.
void serve_at(const mp::Address& place, const mp::Queue<mp::Address>& address) {
  const Listener listener(place, {.authkey = key});
  address.put(listener.address());
  serve(listener, mp::RawArray<int>(1));
}

/// From a few bytes to more than a pipe holds.
std::string message(int number) {
  return std::string(static_cast<std::size_t>(number % 7 == 0 ? 200'000 : number % 100), 'x');
}

/// A connection for a few messages, with the right answer to each.
void talk(const mp::Address& address) {
  const mp::Connection server = Client(address, {.authkey = key});
  for (int i = 0; i < 20; ++i) {
    server.send(message(i));
    mp::test::require(server.recv<std::string>() == message(i));
  }
}

class ServerChaos : public mp::test::Places {
  void SetUp() override {
    if (std::string(GetParam()) == "tcp" && mp::test::is_wine()) {
      GTEST_SKIP() << "Wine leaves a socket open when who waits for it is killed";
    }
  }
};
MULTIPROCESS_FOR_EACH_PLACE(ServerChaos);

TEST_P(ServerChaos, AListenerServesOnWhoeverOfItsClientsIsKilled) {
  const Listener listener(place(), {.authkey = key});
  const mp::RawArray<int> over(1);
  const mp::RawArray<int> answered(1);
  Crew crew(mp::partial(
      [over, answered](const mp::Address& address, int) {
        while (count_at(over, 0) == 0) {
          talk(address);
          ++count_at(answered, 0);
        }
      },
      listener.address()));
  const mp::RawArray<int> closed(1);
  std::jthread server(serve, listener, closed);
  for (int i = kills(); i > 0; --i) {
    crew.kill_one();
  }
  const int before = count_at(answered, 0);
  while (count_at(answered, 0) == before) {  // somebody still gets an answer
    std::this_thread::yield();
  }
  count_at(over, 0) = 1;
  crew.end();
  count_at(closed, 0) = 1;
}

TEST_P(ServerChaos, ClientsAreToldWhenTheirServerIsKilled) {
  const mp::Queue<mp::Address> addresses;
  for (int i = kills() / 3; i > 0; --i) {
    mp::Process server(serve_at, place(), addresses);
    server.start();
    const mp::Address address = addresses.get(plenty);
    talk(address);
    std::chrono::steady_clock::time_point killed;
    {
      const auto client = [&address] {
        until_the_other_end_is_gone([&address] { talk(address); });
      };
      const std::jthread first(client);
      const std::jthread second(client);
      std::this_thread::sleep_for(20ms);  // so that they talk, most of the time
      killed = std::chrono::steady_clock::now();
      server.kill();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - killed, in_time());
    server.join();
    EXPECT_THROW(Client(address, {.authkey = key}), std::system_error);
  }
}

using Numbers = mp::ListProxy<int>;

TEST(ManagerChaos, AServerGoesOnWhoeverOfItsClientsIsKilled) {
  const int last = kills() + crew_size;
  const auto count = static_cast<std::size_t>(last) + 1;
  const mp::SyncManager manager = mp::Manager();
  const auto counts = manager.list<int>(std::vector<int>(count));
  const auto lists = manager.list<Numbers>({counts});
  const mp::RawArray<int> done(count);  // by each, as it knows
  const mp::RawArray<int> over(1);
  {
    Crew crew([counts, lists, done, over](int me) {
      while (count_at(over, 0) == 0) {
        counts[me] += 1;
        ++count_at(done, me);
        lists.append(counts);
        lists.apply([](std::vector<Numbers>& all) {
          all.resize(std::min<std::size_t>(all.size(), 3), all[0]);
        });
      }
    });
    for (int i = kills(); i > 0; --i) {
      crew.kill_one();
    }
    while (count_at(done, last) == 0) {  // the youngest gets an answer, too
      std::this_thread::yield();
    }
    count_at(over, 0) = 1;
    crew.end();
  }
  for (int each = 1; each < done.size(); ++each) {
    const int more = counts.get(each) - done[each];
    EXPECT_TRUE(more == 0 || more == 1) << each << ": " << more;  // the one that it was killed in
  }
  EXPECT_EQ(manager.number_of_objects(), 2u);
}

TEST(ManagerChaos, CallersAreToldWhenTheirServerIsKilled) {
  for (int i = kills() / 3; i > 0; --i) {
    mp::SyncManager manager = mp::Manager();
    const auto numbers = manager.list<int>({0});
    numbers[0] += 1;
    std::chrono::steady_clock::time_point killed;
    std::jthread killer([&killed, server = std::move(mp::active_children().at(0))]() mutable {
      std::this_thread::sleep_for(20ms);  // so that there are calls, most of the time
      killed = std::chrono::steady_clock::now();
      server.kill();
      server.join();
    });
    until_the_other_end_is_gone([&] { numbers[0] += 1; });
    const auto told = std::chrono::steady_clock::now();
    killer.join();
    EXPECT_LT(told - killed, in_time());
    EXPECT_THROW(numbers.size(), std::system_error);
  }
}

/// A server and its clients, each a process of its own that the method has started. A client is
/// killed, then the server.
class StartedServer : public mp::test::StartMethods {
 protected:
  /// `call` is made by each client again and again, with its number.
  template <class Call>
  void expect_to_live_and_to_tell(mp::Process& server, Call call) {
    const mp::RawArray<int> done(crew_size);
    std::vector<mp::Process> clients;
    for (int me = 0; me < crew_size; ++me) {
      clients.push_back(start(&call_to_the_end<Call>, call, done, me));
    }
    expect_calls(done, crew_size);
    clients.back().kill();
    EXPECT_TRUE(clients.back().join(plenty));
    clients.pop_back();
    expect_calls(done, crew_size - 1);
    const auto end = std::chrono::steady_clock::now() + in_time();
    server.kill();
    for (mp::Process& client : clients) {
      EXPECT_TRUE(client.join(end - std::chrono::steady_clock::now()));
      EXPECT_EQ(client.exitcode(), 0);
    }
    EXPECT_TRUE(server.join(plenty));
  }

 private:
  template <class Call>
  static void call_to_the_end(const Call& call, const mp::RawArray<int>& done, int me) {
    until_the_other_end_is_gone([&] {
      call(me);
      ++count_at(done, me);
    });
    mp::test::require(!testing::Test::HasFailure());
  }

  /// Each of the first clients makes another one.
  static void expect_calls(const mp::RawArray<int>& done, int clients) {
    const auto end = std::chrono::steady_clock::now() + plenty;
    for (int me = 0; me < clients; ++me) {
      const int before = count_at(done, me);
      while (count_at(done, me) == before && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
      }
      EXPECT_NE(count_at(done, me), before) << me;
    }
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(StartedServer);

TEST_P(StartedServer, WithAListenerGoesOnAndIsMissedAtOnce) {
  const mp::Queue<mp::Address> addresses;
  mp::Process server = start(serve_at, mp::Address(), addresses);
  expect_to_live_and_to_tell(
      server,
      mp::partial([](const mp::Address& address, int) { talk(address); }, addresses.get(plenty)));
}

TEST_P(StartedServer, OfAManagerGoesOnAndIsMissedAtOnce) {
  mp::SyncManager manager(mp::ManagerOptions{.start_method = GetParam()});
  manager.start();
  mp::Process server = std::move(mp::active_children().at(0));
  expect_to_live_and_to_tell(server, [counts = manager.list<int>(std::vector<int>(crew_size))](
                                         int me) { counts[me] += 1; });
}

}  // namespace
