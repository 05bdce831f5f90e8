// SPDX-License-Identifier: BSD-3-Clause
// Descriptors as items, or inside of items, of queues.
#include <multiprocess/fd.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/handle_limit.hpp"
#include "support/keeper.hpp"
#include "support/start_methods.hpp"

#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
namespace test = multiprocess::test;
using namespace std::chrono_literals;
using mp::Fd;
using mp::Queue;
using test::plenty;
using test::require;

namespace {

/// What is written to the sent end is read at the other.
bool knocks(const Fd& end, const os::Handle& listener) {
  os::write_all(end.fileno(), std::array{std::byte{1}});
  std::array<std::byte, 1> got{};
  return test::is_at_end(listener, 0ms) && os::read_all(listener.get(), got);
}

/// A pipe whose writing end is sent about; when nobody has it any more, the reading one says so.
class FdQueues : public test::StartMethods {
 protected:
  ~FdQueues() override {
    EXPECT_TRUE(gone());
    EXPECT_TRUE(test::deposits_become(0, test::soon));
  }

  bool gone() {
    end_ = Fd();
    return test::is_at_end(listener_, test::soon);
  }

  os::Pipe pipe_ = os::make_pipe();
  os::Handle listener_ = std::move(pipe_.read);
  Fd end_{std::move(pipe_.write)};
};

MULTIPROCESS_FOR_EACH_START_METHOD(FdQueues);

struct Delivery {
  std::string text;
  std::vector<Fd> ends;
  std::optional<Fd> one;
  std::map<int, Fd> by_number;
  mp::Lock lock;
};

TEST(FdItem, IsAnItem) {
  const os::Pipe pipe = os::make_pipe();
  const Queue<Fd> queue;
  queue.put(Fd::duplicate(static_cast<int>(pipe.write.get())));
  EXPECT_TRUE(knocks(queue.get(), pipe.read));
}

TEST(FdItem, IsPartOfAnItem) {
  const os::Pipe pipe = os::make_pipe();
  const auto end = [&pipe] { return Fd::duplicate(static_cast<int>(pipe.write.get())); };
  const Queue<Delivery> queue;
  queue.put({"x", {end(), end()}, end(), {{1, end()}}, {}});
  const Delivery got = queue.get();
  EXPECT_TRUE(knocks(got.ends.at(0), pipe.read));
  EXPECT_TRUE(knocks(got.ends.at(1), pipe.read));
  EXPECT_TRUE(knocks(got.one.value(), pipe.read));
  EXPECT_TRUE(knocks(got.by_number.at(1), pipe.read));
  EXPECT_NE(got.ends[0].fileno(), got.ends[1].fileno());
}

TEST(FdItem, IsCarriedByAnObjectAndByAFunction) {
  const os::Pipe pipe = os::make_pipe();
  const Fd end = Fd::duplicate(static_cast<int>(pipe.write.get()));
  const Queue<> objects;
  objects.put(end);
  objects.put(std::vector<Fd>{end});
  const mp::Object kept = objects.get();
  EXPECT_TRUE(knocks(kept.as<Fd>(), pipe.read));
  EXPECT_TRUE(knocks(objects.get<std::vector<Fd>>().at(0), pipe.read));
  objects.put(kept);
  EXPECT_TRUE(knocks(objects.get<Fd>(), pipe.read)) << "as often as it is sent";
  const Queue<mp::Function<int()>> functions;
  functions.put([end] { return end.fileno(); });
  const mp::Function<int()> function = functions.get();
  EXPECT_NE(function(), end.fileno());
  EXPECT_EQ(test::thing(function()), test::thing(end.fileno()));
}

TEST(FdItem, AClosedOneIsNotSendable) {
  const Queue<Fd> queue;
  EXPECT_THROW(queue.put(Fd()), mp::NotSendable);
  EXPECT_TRUE(queue.empty());
}

TEST(FdItem, ThatFindsNoRoomIsClosedAgain) {
  os::Pipe pipe = os::make_pipe();
  const Queue<Fd> queue(1);
  queue.put(Fd::duplicate(STDERR_FILENO));
  EXPECT_FALSE(queue.try_put(Fd(std::move(pipe.write)), 1ms));
  EXPECT_TRUE(test::is_at_end(pipe.read, test::soon));
}

TEST(FdItem, AThousandAreUnderWayAtOnce) {
  const os::Pipe pipe = os::make_pipe();
  const Fd end = Fd::duplicate(static_cast<int>(pipe.write.get()));
  const Queue<Fd> singly;
  const Queue<std::vector<Fd>> together;
  for (int i = 0; i < 700; ++i) {
    singly.put(end);
  }
  together.put(std::vector<Fd>(300, end));
  EXPECT_EQ(mp::detail::count_deposits(), 1000U);
  for (int i = 0; i < 700; ++i) {
    ASSERT_EQ(test::thing(singly.get().fileno()), test::thing(end.fileno()));
  }
  const std::vector<Fd> last = together.get();
  EXPECT_TRUE(knocks(last.back(), pipe.read));
  EXPECT_TRUE(test::deposits_become(0, test::soon));
}

TEST(FdItem, TakenWithoutADescriptorToSpareIsAnError) {
  if (test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  const os::Pipe pipe = os::make_pipe();
  const Queue<Fd> queue;
  queue.put(Fd::duplicate(static_cast<int>(pipe.write.get())));
  test::Child child([&queue] {
    if (test::leave_no_descriptor()) {
      EXPECT_THROW(queue.get(), std::system_error);
      EXPECT_TRUE(queue.empty());
    }
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST(FdItem, OfAKeeperThatWasKilledIsAnErrorAndTheQueueGoesOn) {
  const os::Pipe pipe = os::make_pipe();
  const Fd end = Fd::duplicate(static_cast<int>(pipe.write.get()));
  const Queue<Fd> queue;
  queue.put(end);
  queue.put(end);
  test::kill_keeper();
  queue.put(end);
  for (int lost = 0; lost < 2; ++lost) {
    try {
      queue.get();
      FAIL() << "it is lost";
    } catch (const mp::RuntimeError& error) {
      EXPECT_NE(std::string(error.what()).find("was killed"), std::string::npos) << error.what();
    }
  }
  EXPECT_TRUE(knocks(queue.get(), pipe.read));
  EXPECT_TRUE(queue.empty());
}

/// A descriptor from which the number can be read.
Fd number_in_a_pipe(int number) {
  os::Pipe pipe = os::make_pipe();
  os::write_all(pipe.write.get(), std::as_bytes(std::span(&number, 1)));
  return Fd(std::move(pipe.read));
}

int number_of(const Fd& end) {
  int number = -1;
  os::read_all(end.fileno(), std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

struct Numbered {
  int number;
  Fd end;
};

void send_numbers(const Queue<Numbered>& queue, int first, int count) {
  for (int number = first; number < first + count;) {
    try {
      queue.put({number, number_in_a_pipe(number)});
      ++number;
    } catch (const mp::RuntimeError&) {  // several keepers were killed, one after the other
    }
  }
}

/// Tells what it got, and -1 for what was lost.
void receive_numbers(const Queue<Numbered>& queue, const Queue<int>& said) {
  while (true) {
    try {
      const Numbered got = queue.get();
      require(number_of(got.end) == got.number);
      said.put(got.number);
    } catch (const mp::ShutDown&) {
      return;
    } catch (const mp::RuntimeError&) {
      said.put(-1);
    }
  }
}

TEST_P(FdQueues, EveryOneArrivesOrIsSaidToBeLostHoweverOftenTheKeeperIsKilled) {
  constexpr int each = 300;
  const Queue<Numbered> queue(20);
  const Queue<int> said;
  std::vector<mp::Process> receivers;
  std::vector<mp::Process> senders;
  for (int i = 0; i < 2; ++i) {
    receivers.push_back(start(&receive_numbers, queue, said));
    senders.push_back(start(&send_numbers, queue, i * each, each));
  }
  std::set<int> arrived;
  int lost = 0;
  for (int i = 0; i < 2 * each; ++i) {
    if (i % 7 == 0) {
      test::kill_keeper();
    }
    const int number = said.get(plenty);
    lost += number < 0;
    EXPECT_TRUE(number < 0 || arrived.insert(number).second) << number << " came twice";
  }
  queue.shutdown();
  for (auto* const processes : {&receivers, &senders}) {
    for (mp::Process& process : *processes) {
      process.join(plenty);
      EXPECT_EQ(process.exitcode(), 0);
    }
  }
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(arrived.size() + static_cast<std::size_t>(lost), 2U * each);
  EXPECT_GT(arrived.size(), 0U);
}

/// Takes an end and knocks; what it says comes from another process.
void knock(const Queue<Fd>& ends) {
  const Fd end = ends.get(plenty);
  os::write_all(end.fileno(), std::array{std::byte{1}});
}

TEST_P(FdQueues, CrossToAProcess) {
  const Queue<Fd> ends;
  mp::Process receiver = start(&knock, ends);
  ends.put(end_);
  receiver.join(plenty);
  EXPECT_EQ(receiver.exitcode(), 0);
  EXPECT_TRUE(test::is_at_end(listener_, 0ms));
  std::array<std::byte, 1> got{};
  EXPECT_TRUE(os::read_all(listener_.get(), got));
}

void send_pipe(const Queue<Fd>& ends, bool is_killed) {
  os::Pipe made = os::make_pipe();
  os::write_all(made.write.get(), std::array{std::byte{7}});
  ends.put(Fd(std::move(made.read)));
  if (is_killed) {
    test::die();
  }
}

TEST_P(FdQueues, OutliveTheirSender) {
  const Queue<Fd> ends;
  EXPECT_EQ(exitcode_of(&send_pipe, ends, false), 0);
  EXPECT_EQ(exitcode_of(&send_pipe, ends, true), -SIGKILL);
  for (int i = 0; i < 2; ++i) {
    const Fd end = ends.get(plenty);
    std::array<std::byte, 1> got{};
    EXPECT_TRUE(os::read_all(end.fileno(), got));
    EXPECT_EQ(got[0], std::byte{7});
    EXPECT_FALSE(os::read_all(end.fileno(), got)) << "nobody holds the writing end any more";
  }
}

void send_queue(const Queue<Queue<Fd>>& queues, const Fd& end) {
  const Queue<Fd> inner;
  inner.put(end);
  inner.put(end);
  queues.put(inner);
}

TEST_P(FdQueues, GoThroughQueuesOnQueues) {
  const Queue<Queue<Fd>> queues;
  EXPECT_EQ(exitcode_of(&send_queue, queues, end_), 0);
  {
    const Queue<Fd> inner = queues.get(plenty);
    EXPECT_TRUE(knocks(inner.get(), listener_));
    end_ = Fd();
    EXPECT_FALSE(test::is_at_end(listener_, 0ms)) << "one is left";
  }
  EXPECT_TRUE(test::is_at_end(listener_, test::soon)) << "dropped with the queue";
}

TEST_P(FdQueues, AreClosedWithAMessageThatNobodyReads) {
  {
    const Queue<std::vector<Fd>> ends;
    ends.put({end_, end_});
    end_ = Fd();
    EXPECT_FALSE(test::is_at_end(listener_, 10ms));
  }
  EXPECT_TRUE(test::is_at_end(listener_, test::soon));
}

void take_and_hold(const Queue<Fd>& ends, const Queue<int>& said, int when_to_die) {
  const Fd end = ends.get(plenty);
  said.put(1);
  when_to_die == 0 ? test::die() : test::wait_to_be_killed();
}

TEST_P(FdQueues, AreClosedWithTheReceiverWhoIsKilled) {
  const Queue<Fd> ends;
  const Queue<int> said;
  ends.put(end_);
  ends.put(end_);
  end_ = Fd();
  mp::Process at_once = start(&take_and_hold, ends, said, 0);
  at_once.join(plenty);
  mp::Process later = start(&take_and_hold, ends, said, 1);
  said.get(plenty);
  said.get(plenty);
  EXPECT_FALSE(test::is_at_end(listener_, 10ms));
  later.kill();
  later.join(plenty);
  EXPECT_TRUE(test::is_at_end(listener_, test::soon));
}

void echo(const Queue<Delivery>& in, const Queue<Delivery>& out) {
  for (const Delivery& delivery : in) {
    out.put(delivery);
  }
}

TEST_P(FdQueues, GoRoundAndRound) {
  const Queue<Delivery> there;
  const Queue<Delivery> back;
  mp::Process echoing = start(&echo, there, back);
  Delivery delivery{"x", {end_, end_}, end_, {{3, end_}}, {}};
  for (int round = 0; round < 20; ++round) {
    there.put(delivery);
    delivery = back.get(plenty);
  }
  EXPECT_TRUE(knocks(delivery.ends.at(1), listener_));
  EXPECT_TRUE(knocks(delivery.by_number.at(3), listener_));
  there.shutdown();
  echoing.join(plenty);
  EXPECT_EQ(echoing.exitcode(), 0);
}

}  // namespace
