// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pipe.hpp>

#include <multiprocess/detail/os/doorbell.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::until;
using test::use_now;

constexpr std::uint64_t most_messages = 1024;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

class PipeEndTest : public testing::Test {
 protected:
  PipeEnd end(unsigned side) const {
    return {pipe_, side, side == 0 ? ends_.first.get() : ends_.second.get(),
            side == 0 ? seen_.first : seen_.second};
  }

  Outcome put(std::string_view text) const { return end(1).put(bytes_of(text), {}); }
  Outcome answer(std::string_view text) const { return end(0).put(bytes_of(text), {}); }
  std::string get() const { return got_by(end(0)); }
  std::string get_answer() const { return got_by(end(1)); }

  QueueState& queue() const {
    return static_cast<PipeState*>(pipe_.address())->directions[0].queue;
  }

  static Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
  }
  /// "the end" when there is no message any more.
  static std::string got_by(const PipeEnd& end) {
    BlockItem item;
    if (end.get(item, nullptr) != Outcome::done) {
      return "the end";
    }
    if (!item.is_block()) {
      return {reinterpret_cast<const char*>(item.inside), item.size()};
    }
    const Message message(item.block());
    return {reinterpret_cast<const char*>(message.bytes().data()), message.bytes().size()};
  }

  const SharedRef pipe_ = PipeEnd::create();
  std::pair<os::Handle, os::Handle> ends_ = os::make_doorbell();
  mutable std::pair<std::atomic<std::uint64_t>, std::atomic<std::uint64_t>> seen_{0, 0};
};

TEST_F(PipeEndTest, CarriesMessagesBothWays) {
  put("there");
  put("");
  answer("back");
  EXPECT_EQ(get(), "there");
  EXPECT_EQ(get(), "");
  EXPECT_EQ(get_answer(), "back");
  EXPECT_FALSE(end(0).has_items());
  EXPECT_FALSE(end(1).has_items());
}

TEST_F(PipeEndTest, CarriesMessagesOfEverySize) {
  for (const std::size_t size : {1U, 47U, 48U, 49U, 65'536U, 131'071U, 131'072U, 3'000'000U}) {
    const std::string text(size, 'x');
    put(text);
    EXPECT_TRUE(get() == text) << size;
  }
}

TEST_F(PipeEndTest, CarriesReferencesBesideTheBytes) {
  const SharedRef companion = PipeEnd::create();
  end(1).put(bytes_of("with it"), {&companion, 1});
  BlockItem item;
  ASSERT_EQ(end(0).get(item, nullptr), Outcome::done);
  const Message message(item.block());
  ASSERT_EQ(message.references().size(), 1U);
  EXPECT_EQ(message.references()[0], companion);
}

TEST_F(PipeEndTest, GivesWhatIsThereAndThenTheEnd) {
  put("one");
  put(std::string(100, '2'));
  ends_.second.reset();
  EXPECT_TRUE(end(0).wait_ready(os::at_once));
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(get(), std::string(100, '2'));
  EXPECT_TRUE(end(0).wait_ready(os::at_once));
  EXPECT_EQ(get(), "the end");
  EXPECT_EQ(get(), "the end");
}

TEST_F(PipeEndTest, TellsAPutterThatNobodyReceives) {
  EXPECT_EQ(put("unread"), Outcome::done);
  put(std::string(1000, 'x'));
  ends_.first.reset();
  end(0).note_closing();
  const auto before = use_now();
  EXPECT_EQ(put("too late"), Outcome::ended);
  EXPECT_EQ(put(std::string(1000, 'x')), Outcome::ended);
  EXPECT_EQ(queue().head, queue().tail) << "what nobody will read is dropped";
  EXPECT_LT(use_now().parts, before.parts);
}

TEST_F(PipeEndTest, APutterWaitsAt1024Messages) {
  for (std::uint64_t i = 0; i < most_messages; ++i) {
    put("x");
  }
  std::atomic<bool> done = false;
  const std::jthread putter([&] {
    EXPECT_EQ(put("y"), Outcome::done);
    done = true;
  });
  until([this] { return queue().room.sleepers == 1; });
  EXPECT_FALSE(done);
  EXPECT_EQ(queue().tail, most_messages);
  EXPECT_EQ(get(), "x");
  until([&] { return done.load(); });
}

TEST_F(PipeEndTest, APutterWaitsAt4Mebibytes) {
  const std::string part(mebibyte, 'x');
  for (int i = 0; i < 4; ++i) {
    put(part);
  }
  std::atomic<bool> done = false;
  const std::jthread putter([&] {
    put("y");
    done = true;
  });
  until([this] { return queue().room.sleepers == 1; });
  EXPECT_FALSE(done);
  get();
  until([&] { return done.load(); });
}

TEST_F(PipeEndTest, AMessageThatIsLargerThanAllRoomPassesAlone) {
  const std::string large(9 * mebibyte, 'x');
  const std::jthread putter([&] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(put(large), Outcome::done);
    }
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(get() == large);
  }
}

TEST_F(PipeEndTest, RoomOfALargeMessageIsForAllWhoWait) {
  cures().backstop = false;  // nobody looks around by himself
  put(std::string(5 * mebibyte, 'x'));
  {
    std::vector<std::jthread> putters;
    for (int i = 0; i < 3; ++i) {
      putters.emplace_back([this] { EXPECT_EQ(put("y"), Outcome::done); });
    }
    until([this] { return queue().room.sleepers == 3; });
    EXPECT_EQ(get().size(), 5 * mebibyte);
  }
  cures().backstop = true;
  EXPECT_EQ(end(0).has_items(), true);
}

TEST_F(PipeEndTest, AWaitingPutterIsToldOfTheEnd) {
  for (std::uint64_t i = 0; i < most_messages; ++i) {
    put("x");
  }
  cures().backstop = false;
  {
    const std::jthread putter([this] { EXPECT_EQ(put("y"), Outcome::ended); });
    until([this] { return queue().room.sleepers == 1; });
    const PipeEnd receiver = end(0);
    ends_.first.reset();
    receiver.note_closing();
  }
  cures().backstop = true;
}

TEST_F(PipeEndTest, AWaitingPutterFindsAnEndThatNobodyTells) {
  for (std::uint64_t i = 0; i < most_messages; ++i) {
    put("x");
  }
  EXPECT_FALSE(queue().room.sleepers);
  const std::jthread putter([this] { EXPECT_EQ(put("y"), Outcome::ended); });
  until([this] { return queue().room.sleepers == 1; });
  ends_.first.reset();
}

TEST_F(PipeEndTest, ASenderThatIsKilledHalfwayLeavesNoHalfMessage) {
  const std::size_t size = 64 * mebibyte;
  Child child([&] {
    ends_.first.reset();
    put("whole");
    put(std::string(size, 'x'));
    test::wait_to_be_killed();
  });
  ends_.second.reset();
  EXPECT_EQ(get(), "whole");
  until([this] { return end(0).has_items(); });
  child.kill();
  child.wait();
  test::notice_deaths();
  const std::string got = get();
  EXPECT_TRUE(got == "the end" || got.size() == size) << got.size();
}

TEST_F(PipeEndTest, TheDescriptorTellsWhileItIsWatched) {
  const os::NativeHandle handle = ends_.first.get();
  put("before");
  EXPECT_EQ(os::wait_for_doorbell(handle, os::at_once), os::DoorbellState::quiet);
  const PipeEnd receiver = end(0);
  {
    const Watch watch(receiver);
    put("meanwhile");
    EXPECT_EQ(os::wait_for_doorbell(handle, os::at_once), os::DoorbellState::rung);
    get();
    EXPECT_EQ(os::wait_for_doorbell(handle, os::at_once), os::DoorbellState::rung);
    get();
    EXPECT_EQ(os::wait_for_doorbell(handle, os::at_once), os::DoorbellState::quiet);
  }
  put("after");
  EXPECT_EQ(os::wait_for_doorbell(handle, os::at_once), os::DoorbellState::quiet);
}

TEST_F(PipeEndTest, WaitsForAMessageUntilTheDeadline) {
  EXPECT_FALSE(end(0).wait_ready(os::at_once));
  EXPECT_FALSE(end(0).wait_ready(std::chrono::steady_clock::now() + 5ms));
  std::jthread putter([this] { put("x"); });
  EXPECT_TRUE(end(0).wait_ready(os::never));
  EXPECT_TRUE(end(0).wait_ready(os::at_once)) << "nothing is consumed";
}

TEST(PipeMemory, IsGivenBackWithThePipe) {
  const auto before = use_now();
  {
    const SharedRef pipe = PipeEnd::create();
    const auto ends = os::make_doorbell();
    std::atomic<std::uint64_t> seen{0};
    const SharedRef companion = PipeEnd::create();
    for (const unsigned side : {0U, 1U}) {
      const PipeEnd end(pipe, side, side == 0 ? ends.first.get() : ends.second.get(), seen);
      for (int i = 0; i < 500; ++i) {
        ASSERT_EQ(end.put(std::vector<std::byte>(1000), {&companion, 1}), Outcome::done);
      }
    }
  }
  EXPECT_EQ(use_now(), before);
}

TEST(PipeMemory, IsGivenBackWhenThePipeIsDrained) {
  const SharedRef pipe = PipeEnd::create();
  const auto ends = os::make_doorbell();
  std::atomic<std::uint64_t> seen{0};
  const PipeEnd sender(pipe, 1, ends.second.get(), seen);
  const PipeEnd receiver(pipe, 0, ends.first.get(), seen);
  const auto round = [&] {
    for (std::uint64_t i = 0; i < most_messages; ++i) {
      ASSERT_EQ(sender.put(std::vector<std::byte>(1000), {}), Outcome::done);
    }
    for (std::uint64_t i = 0; i < most_messages; ++i) {
      BlockItem item;
      ASSERT_EQ(receiver.get(item, nullptr), Outcome::done);
      const Message message(item.block());
    }
  };
  round();
  const auto before = use_now();
  for (int i = 0; i < 20; ++i) {
    round();
  }
  EXPECT_LE(use_now().parts, before.parts);
  EXPECT_EQ(use_now().private_blocks, before.private_blocks);
}

}  // namespace
}  // namespace multiprocess::detail
