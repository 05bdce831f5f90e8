// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/pipe_world.hpp"
#include "crash_points/play.hpp"
#include "crash_points/recorder.hpp"
#include "support/pipe_state.hpp"

#include <multiprocess/detail/bell.hpp>
#include <multiprocess/wait.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace multiprocess::test {

using namespace std::chrono_literals;

namespace {

/// Where a step is about a pipe. What the heap and the journal do, others try at every step.
const std::vector<std::string> files_of_pipes{"bell.hpp",       "item_queue.hpp", "item_queue.cpp",
                                              "block_item.cpp", "message.cpp",    "owned_lock.hpp",
                                              "owned_lock.cpp", "word.cpp"};

// What victims do.

void send_all_kinds(PipeWorld& world) {
  world.near.close();
  for (std::size_t i = 0; i < 2 * kinds; ++i) {
    world.send(world.far, world.ledger->home, i);
  }
}

void receive_all_kinds(PipeWorld& world) {
  world.near.close();
  for (std::size_t i = 0; i < kinds && world.far.poll(); ++i) {
    world.receive(world.far, world.ledger->out);
  }
  world.far.close();
}

/// The bytes come out while the message is still being written, or after.
void receive_bytes(PipeWorld& world) {
  for (std::size_t i = 0; i < kinds && world.far.poll(); ++i) {
    ++world.ledger->out.reaching;
    world.far.recv_bytes();
    ++world.ledger->out.received;
    --world.ledger->out.reaching;
  }
}

/// One thread is asleep in some way while the other one sends.
template <class Sleep>
void be_woken(PipeWorld& world, std::size_t number, Sleep sleep) {
  std::atomic<int> thread{0};
  std::thread sleeper([&] {
    thread = gettid();
    sleep();
    world.receive(world.far, world.ledger->out);
  });
  wait_until_asleep(thread);
  world.send(world.near, world.ledger->out, number);
  sleeper.join();
}

void sleep_and_be_woken(PipeWorld& world) {
  std::size_t number = 0;
  for (; number < kinds; ++number) {
    be_woken(world, number, [] {});
  }
  world.far.poll(1ms);
  wait({world.far, world.far}, 1ms);
  be_woken(world, number++, [&] { world.far.poll(5s); });
  be_woken(world, number++, [&] { wait({world.far}); });
  world.far.fileno();
  world.far.poll();
  be_woken(world, number++, [] {});
}

/// The pipe is full; another thread receives while this one sleeps.
void sleep_for_room(PipeWorld& world) {
  const std::atomic<int> thread{gettid()};
  std::thread drain([&] {
    for (std::size_t i = 0; i < 3; ++i) {
      wait_until_asleep(thread);
      if (world.near.poll()) {
        world.receive(world.near, world.ledger->home);
      }
    }
  });
  for (std::size_t i = 0; i < 2; ++i) {
    world.send(world.far, world.ledger->home, i);
  }
  drain.join();
}

/// Somebody dies at the bell, and the next one there finds that nothing waits any more.
void ring_for_nothing(PipeWorld& world) {
  std::atomic<std::uint64_t> seen{0};
  const detail::Bell bell(incoming_state(world.near).bell, detail::os::no_handle, seen);
  bell.begin_watch();
  Forked other([&] {
    never_die();
    bell.ring([] { return kill(getpid(), SIGKILL) == 0; });
  });
  other.wait();
  detail::census().next_check.store(0);
  detail::check_everybody();
  bell.ring([] { return false; });
  bell.end_watch();
}

/// The survivor sleeps for room.
void make_room(PipeWorld& world) {
  world.near.close();
  for (std::size_t i = 0; i < 5; ++i) {
    world.receive(world.far, world.ledger->out);
  }
}

/// Messages that are there before.
struct Before {
  std::size_t first = 0;
  std::size_t count = 0;
};
constexpr Before some{0, kinds};
constexpr Before full_of_many{first_small, 1024};
constexpr Before full_of_one{first_huge, 1};

struct Case {
  const char* name;
  void (*victim)(PipeWorld&);
  Watch near = Watch::none;  // while the victim is at work
  Watch far = Watch::none;
  Before home = {};
  Before out = {};
  bool alone = false;   // nobody else has the victim's end
  bool writes = false;  // the survivor sends while the victim is at work
  std::vector<std::string> first_victims = {};
};

class PipePlay final : public Play {
 public:
  explicit PipePlay(const Case& about) : case_(about) {
    std::tie(world_.near, world_.far) = Pipe();
    fill(world_.far, case_.home);
    fill(world_.near, case_.out);
    if (case_.far == Watch::descriptor) {
      world_.far.fileno();
    }
    if (case_.near != Watch::none) {
      home_.emplace(world_.near, case_.near);
      home_->wait_until_asleep();
    }
    if (case_.writes) {
      writer_ = std::async(std::launch::async, [this] { write(); });
    }
  }

  void victim() override {
    while (case_.alone && !world_.ledger->alone) {
      std::this_thread::yield();
    }
    case_.victim(world_);
  }

  void accompany() override {
    if (case_.alone) {
      world_.far.close();
      world_.ledger->alone = true;
    }
  }

  void next_victim() override { world_.victim = 1; }

  void see_death() override {
    if (case_.alone) {
      EXPECT_TRUE(has_written()) << "the sender sleeps although nobody can receive";
      EXPECT_TRUE(sending_fails()) << "the sender does not notice that nobody can receive";
    }
    if (!home_) {
      home_.emplace(world_.near, Watch::recv);
    }
    const Flow& flow = world_.ledger->home;
    const std::size_t acknowledged = case_.home.count + flow.sent[0] + flow.sent[1];
    const std::size_t taken = flow.received + flow.reaching;
    EXPECT_TRUE(home_->has(acknowledged - std::min(acknowledged, taken)))
        << "acknowledged messages wait, and the receiver sleeps: " << describe(flow);
    if (case_.alone) {
      EXPECT_TRUE(home_->has_ended()) << "the receiver sleeps although nobody can send";
    }
  }

  void check() override {
    EXPECT_TRUE(world_.lock.acquire(2s));
    world_.lock.release();
    if (!case_.alone) {
      go_on();
    }
    check_flow(world_.ledger->home, case_.home.count, victims(), home_->numbers());
  }

 private:
  std::size_t victims() const { return world_.victim + 1; }

  std::string describe(const Flow& flow) const {
    return fmt::format("sent {} and {}, received {}, in hand {}", flow.sent[0].load(),
                       flow.sent[1].load(), flow.received.load(), flow.reaching.load());
  }

  void fill(const Connection& end, const Before& before) const {
    for (std::size_t i = 0; i < before.count; ++i) {
      end.send(world_.letter(before.first + i));
    }
  }

  void write() const {
    try {
      for (std::size_t i = 0; i < kinds; ++i) {
        world_.near.send(world_.letter(of_survivor + i));
      }
    } catch (const std::system_error& error) {
      EXPECT_TRUE(case_.alone && error.code() == std::errc::broken_pipe) << error.what();
    }
  }

  bool has_written() const {
    return !writer_.valid() || writer_.wait_for(promptly) == std::future_status::ready;
  }

  bool sending_fails() const {
    const auto end = std::chrono::steady_clock::now() + promptly;
    while (std::chrono::steady_clock::now() < end) {
      try {
        world_.near.send(0);
        std::this_thread::sleep_for(1ms);
      } catch (const std::system_error& error) {
        return error.code() == std::errc::broken_pipe;
      }
    }
    return false;
  }

  /// Both ends are as good as new, whoever sleeps there.
  void go_on() {
    Reader out(world_.far, case_.near == Watch::none ? Watch::recv : case_.near);
    if (!case_.writes) {
      talk(world_.near, out);
    }
    EXPECT_TRUE(out.has_number(of_survivor + kinds - 1));
    EXPECT_TRUE(has_written());
    talk(world_.far, *home_);
    world_.near.send(Letter{last_of_all, {}, {}});
    EXPECT_TRUE(out.has_ended());
    expect_counted(world_.near);
    expect_counted(world_.far);
    world_.far.close();
    EXPECT_TRUE(home_->has_ended()) << "nobody can send, and the receiver sleeps";
    check_flow(world_.ledger->out, case_.out.count, victims(), out.numbers());
  }

  /// Once the receiver has kept up, whatever the dead had miscounted is forgotten.
  static void expect_counted(const Connection& end) {
    const detail::QueueState& queue = incoming_state(end).queue;
    EXPECT_EQ(queue.bytes_put, queue.bytes_got);
    EXPECT_EQ(queue.tail, queue.head);
  }

  void talk(const Connection& from, Reader& to) const {
    for (std::size_t i = of_survivor; i < of_survivor + kinds; ++i) {
      to.wait_until_asleep();
      from.send(world_.letter(i));
      EXPECT_TRUE(to.has_number(i)) << "the receiver sleeps on";
    }
  }

  const Case case_;
  PipeWorld world_;
  std::optional<Reader> home_;
  std::future<void> writer_;
};

std::vector<Case> cases() {
  return {
      {.name = "send", .victim = &send_all_kinds},
      {.name = "send to recv()", .victim = &send_all_kinds, .near = Watch::recv},
      {.name = "send to wait()", .victim = &send_all_kinds, .near = Watch::wait},
      {.name = "send to a descriptor", .victim = &send_all_kinds, .near = Watch::descriptor},
      {.name = "the only sender", .victim = &send_all_kinds, .near = Watch::recv, .alone = true},
      {.name = "receive", .victim = &receive_all_kinds, .out = some},
      {.name = "receive, shown",
       .victim = &receive_all_kinds,
       .far = Watch::descriptor,
       .out = some},
      {.name = "receive bytes", .victim = &receive_bytes, .out = some, .writes = true},
      {.name = "sleep", .victim = &sleep_and_be_woken},
      {.name = "sleep, shown", .victim = &sleep_and_be_woken, .far = Watch::descriptor},
      {.name = "ring for nothing", .victim = &ring_for_nothing},
      {.name = "room among many", .victim = &sleep_for_room, .home = full_of_many},
      {.name = "room after one", .victim = &sleep_for_room, .home = full_of_one},
      {.name = "make room", .victim = &make_room, .out = full_of_many, .writes = true},
      {.name = "the only receiver",
       .victim = &make_room,
       .out = full_of_many,
       .alone = true,
       .writes = true},
      {.name = "take over from a sender",
       .victim = &send_all_kinds,
       .near = Watch::wait,
       .first_victims = {"item_queue.hpp", "bell.hpp", "block_item.cpp"}},
      {.name = "take over from a receiver",
       .victim = &receive_all_kinds,
       .far = Watch::descriptor,
       .out = some,
       .first_victims = {"item_queue.hpp", "bell.hpp", "block_item.cpp"}},
      {.name = "take over with no room",
       .victim = &sleep_for_room,
       .home = full_of_one,
       .first_victims = {"item_queue.hpp"}},
  };
}

}  // namespace

std::vector<Scenario> pipe_scenarios() {
  std::vector<Scenario> all;
  for (const Case& each : cases()) {
    all.push_back({each.name, [each] { return std::make_unique<PipePlay>(each); },
                   each.first_victims, files_of_pipes});
  }
  return all;
}

}  // namespace multiprocess::test
