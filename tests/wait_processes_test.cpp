// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/wait.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = mp::detail::os;
using namespace std::chrono_literals;
using mp::Connection;
using mp::test::plenty;
using mp::test::require;

namespace {

using Indices = std::vector<std::size_t>;

class WaitProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(WaitProcesses);

TEST_P(WaitProcesses, ConnectionsSentinelsAndDescriptorsMayBeMixed) {
  const auto [here, there] = mp::Pipe();
  os::Pipe raw = os::make_pipe();
  const mp::Fd to_child(std::move(raw.write));
  mp::Process child = start(
      [](const Connection& end, const mp::Fd& fd) {
        end.send("first");
        end.recv();
        os::write_all(fd.fileno(), std::array{std::byte{1}});
        end.recv();
      },
      there, to_child);
  const auto wait = [&, here = here](mp::Timeout timeout = plenty) {
    return mp::wait({child.sentinel(), here, static_cast<int>(raw.read.get())}, timeout);
  };
  EXPECT_EQ(wait(), (Indices{1}));
  EXPECT_EQ(here.recv<std::string>(), "first");
  EXPECT_EQ(wait(0s), Indices{});
  here.send(1);
  EXPECT_EQ(wait(), (Indices{2}));
  here.send(2);
  while (wait() == Indices{2}) {
    std::this_thread::yield();
  }
  EXPECT_EQ(wait(), (Indices{0, 2}));
  EXPECT_EQ(mp::wait({child.sentinel()}), (Indices{0}));
  child.join(plenty);
}

TEST_P(WaitProcesses, TheEndsOfProcesses) {
  std::vector<mp::Process> children;
  const mp::Queue<int> told;
  for (int i = 0; i < 3; ++i) {
    children.push_back(start([told] { told.get(); }));
  }
  const auto wait = [&](mp::Timeout timeout) {
    return mp::wait({children[0].sentinel(), children[1].sentinel(), children[2].sentinel()},
                    timeout);
  };
  EXPECT_EQ(wait(0s), Indices{});
  children[1].kill();
  EXPECT_EQ(wait(plenty), (Indices{1}));
  told.put(1);
  told.put(2);
  while (wait(plenty).size() != 3) {
    std::this_thread::sleep_for(1ms);
  }
  for (mp::Process& child : children) {
    child.join(plenty);
  }
}

TEST_P(WaitProcesses, AKilledPeerIsReady) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [](const Connection& mine, const Connection& other) {
        other.close();
        mine.send(1);
        mp::test::wait_to_be_killed();
      },
      there, here);
  there.close();
  EXPECT_EQ(here.recv<int>(), 1);
  const std::jthread killer([&child] {
    std::this_thread::sleep_for(20ms);
    child.kill();
  });
  EXPECT_EQ(mp::wait({here}, plenty), (Indices{0}));
  EXPECT_THROW(here.recv(), mp::EOFError);
  child.join(plenty);
}

/// Python's example: workers that send and close, a parent that waits until all have.
TEST_P(WaitProcesses, OfManyWorkersEachMessageArrives) {
  constexpr int workers = 6;
  constexpr int each = 200;
  std::vector<Connection> readers;
  std::vector<mp::Process> children;
  for (int i = 0; i < workers; ++i) {
    const auto [reader, writer] = mp::Pipe(false);
    children.push_back(start(
        [](const Connection& out, int worker) {
          for (int k = 0; k < each; ++k) {
            out.send(std::pair(worker, k));
          }
        },
        writer, i));
    readers.push_back(reader);
    writer.close();  // so that what is forked later does not inherit it
  }
  std::set<std::pair<int, int>> all;
  while (!readers.empty()) {
    const Indices ready = mp::wait(readers, plenty);
    ASSERT_FALSE(ready.empty());
    for (auto i = ready.rbegin(); i != ready.rend(); ++i) {
      const auto at = readers.begin() + static_cast<std::ptrdiff_t>(*i);
      try {
        all.insert(at->recv<std::pair<int, int>>());
      } catch (const mp::EOFError&) {
        readers.erase(at);
      }
    }
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(workers * each));
  for (mp::Process& child : children) {
    child.join(plenty);
  }
}

TEST_P(WaitProcesses, AChildWaitsAsWell) {
  const auto [a, to_a] = mp::Pipe(false);
  const auto [b, to_b] = mp::Pipe(false);
  const mp::Queue<std::size_t> order;
  mp::Process child = start(
      [](const std::vector<Connection>& ends, const mp::Queue<std::size_t>& out) {
        for (int i = 0; i < 4; ++i) {
          const std::size_t first = mp::wait(ends).front();
          out.put(first);
          ends[first].recv();
        }
      },
      std::vector{a, b}, order);
  for (const std::size_t which : {1U, 0U, 0U, 1U}) {
    (which == 0 ? to_a : to_b).send(1);
    EXPECT_EQ(order.get(plenty), which);
  }
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(WaitProcesses, ManyOfBothKinds) {
  std::vector<std::pair<Connection, Connection>> pipes;
  std::vector<mp::Process> children;
  std::vector<mp::Waitable> all;
  for (int i = 0; i < 300; ++i) {
    pipes.push_back(mp::Pipe());
    all.emplace_back(pipes.back().first);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    children.push_back(start([end = pipes[i * 50].second] { end.send(1); }));
    all.emplace_back(children.back().sentinel());
  }
  Indices expected{0, 50, 100, 150, 300, 301, 302, 303};
  const auto until = std::chrono::steady_clock::now() + plenty;
  while (mp::wait(all, plenty) != expected && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(mp::wait(all, plenty), expected);
  for (mp::Process& child : children) {
    child.join(plenty);
  }
}

}  // namespace
