// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/event.hpp>

#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::Child;
using mp::test::in_threads;
using mp::test::plenty;
using mp::test::require;

namespace {

static_assert(sizeof(mp::Event) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::Event>, "closures may capture it");
static_assert(mp::sendable<mp::Event>);

/// Its word, and how many threads of the tree sleep until it is set.
mp::detail::Signal& flag_of(const mp::Event& event) {
  mp::detail::Outgoing outgoing(false);
  mp::Event::part_ops.send(&event);
  return *mp::detail::at<mp::detail::Signal>(outgoing.refs().at(0).offset());
}

std::uint32_t sleepers_of(const mp::Event& event) {
  return flag_of(event).sleepers.load();
}

TEST(Event, IsSetAndCleared) {
  const mp::Event event;
  EXPECT_FALSE(event.is_set());
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(event.wait());
  EXPECT_TRUE(event.wait(0s));
  event.clear();
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait(0s));
  EXPECT_FALSE(event.wait(-1s));
}

TEST(Event, WaitGivesUpAtTheTimeout) {
  const mp::Event event;
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return event.wait(time); }));
}

TEST(Event, SetWakesAll) {
  const mp::Event event;
  std::atomic<int> woken{0};
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 5; ++i) {
      waiters.emplace_back([&] { woken += event.wait(plenty) ? 1 : 0; });
    }
    mp::test::until([&] { return sleepers_of(event) == 5; });
    event.set();
  }
  EXPECT_EQ(woken, 5);
}

TEST(Event, ASetThatIsClearedAtOnceStillWakesAllWithTrue) {
  const mp::Event event;
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> woken{0};
    {
      std::vector<std::jthread> waiters;
      for (int i = 0; i < 3; ++i) {
        waiters.emplace_back([&] { woken += event.wait(plenty) ? 1 : 0; });
      }
      mp::test::until([&] { return sleepers_of(event) == 3; });
      event.set();
      event.clear();
    }
    ASSERT_EQ(woken, 3);
    ASSERT_FALSE(event.is_set());
    ASSERT_FALSE(event.wait(0s)) << "that set is over for who comes later";
  }
}

TEST(Event, NoTurnIsMissed) {
  const mp::Event ping;
  const mp::Event pong;
  std::jthread echo([&] {
    for (int i = 0; i < 3000; ++i) {
      ASSERT_TRUE(ping.wait(plenty));
      ping.clear();
      pong.set();
    }
  });
  for (int i = 0; i < 3000; ++i) {
    ping.set();
    ASSERT_TRUE(pong.wait(plenty));
    pong.clear();
  }
}

TEST(Event, ThreadsSetClearAndWaitAtOnce) {
  const mp::Event event;
  std::atomic<int> running{3};
  in_threads(5, [&](int number) {
    if (number < 3) {
      for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE(event.wait(plenty));
      }
      --running;
      return;
    }
    while (running != 0) {
      number == 3 ? event.set() : event.clear();
    }
    event.set();
  });
}

TEST(Event, CopiesAreTheSameEvent) {
  const mp::Event event;
  mp::Event copy = event;
  copy.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_EQ(copy, event);
  copy = mp::Event();
  EXPECT_FALSE(copy.is_set());
  EXPECT_NE(copy, event);
}

TEST(Event, PrintsAsPythonDoes) {
  const mp::Event event;
  const std::string text = fmt::format("{}", event);
  EXPECT_TRUE(text.starts_with("<Event at 0x") && text.ends_with(" unset>")) << text;
  event.set();
  std::ostringstream stream;
  stream << event;
  EXPECT_EQ(stream.str(), text.substr(0, text.size() - 6) + "set>");
}

TEST(Event, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::Event()), mp::RuntimeError);
}

class EventProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(EventProcesses);

TEST_P(EventProcesses, WakesProcesses) {
  const mp::Event go;
  const mp::Event stop;
  const mp::Queue<int> out;
  std::vector<mp::Process> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(start([go, stop, out] {
      require(go.wait());
      out.put(1);
      require(stop.wait(plenty));
    }));
  }
  EXPECT_FALSE(out.try_get(1ms));
  go.set();
  go.clear();
  int through = 0;
  while (through < 3) {  // those that had not come to wait() yet wait for another set
    through += out.try_get(10ms) ? 1 : 0;
    go.set();
  }
  stop.set();
  for (mp::Process& waiter : waiters) {
    EXPECT_TRUE(waiter.join(plenty));
    EXPECT_EQ(waiter.exitcode(), 0);
  }
}

TEST_P(EventProcesses, TravelsAsArgumentCaptureAndItem) {
  const mp::Queue<mp::Event> queue;
  const mp::Event captured;
  const mp::Event item;
  queue.put(item);
  EXPECT_EQ(exitcode_of(
                [captured, queue, item](const std::vector<mp::Event>& more) {
                  require(queue.get(plenty) == item);
                  captured.set();
                  require(more.at(1).is_set() && !more.at(0).is_set());
                },
                [] {
                  std::vector<mp::Event> events(2);
                  events[1].set();
                  return events;
                }()),
            0);
  EXPECT_TRUE(captured.is_set());
}

TEST_P(EventProcesses, AKilledWaiterBlocksNobody) {
  const mp::Event event;
  const mp::Queue<int> waiting;
  std::vector<mp::Process> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(start([event, waiting] {
      waiting.put(1);
      require(event.wait());
    }));
    waiting.get(plenty);
  }
  waiters[1].kill();
  event.set();
  EXPECT_TRUE(waiters[1].join(plenty));
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    EXPECT_TRUE(waiters[i].join(plenty));
    EXPECT_EQ(waiters[i].exitcode(), 0);
  }
}

TEST_P(EventProcesses, ASetterThatIsKilledBeforeItWakesAnybodyHasSet) {
  const mp::Event event;
  mp::Process setter = process([event] {
    mp::test::until([&] { return sleepers_of(event) == 1; });
    flag_of(event).word += 3;  // up, and nobody is told
    mp::test::die();
  });
  setter.start();
  EXPECT_TRUE(event.wait(plenty));
  EXPECT_TRUE(setter.join(plenty));
}

TEST_P(EventProcesses, ATimeoutHoldsWhoeverDies) {
  const mp::Event event;
  std::vector<mp::Process> dying;
  for (int i = 0; i < 2; ++i) {
    dying.push_back(start([event] {
      event.wait(10ms);
      mp::test::die();
    }));
  }
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return event.wait(time); }));
  for (mp::Process& each : dying) {
    EXPECT_TRUE(each.join(plenty));
  }
}

TEST_P(EventProcesses, LeaveNoObjects) {
  const auto objects = [] { return mp::test::use_now().objects; };
  const std::uint64_t before = objects();
  {
    const mp::Event event;
    EXPECT_EQ(exitcode_of([event](const std::vector<mp::Event>& more) { more.at(1).set(); },
                          std::vector<mp::Event>(3)),
              0);
  }
  EXPECT_EQ(objects(), before);
}

}  // namespace
