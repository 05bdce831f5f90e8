// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_item.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <string>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;

template <std::size_t N>
struct Sized {
  std::array<char, N> bytes;
  bool operator==(const Sized&) const = default;
};
struct alignas(16) Aligned {
  char c;
};
struct Text {
  std::string text;
};

static_assert(fits_slot<int> && fits_slot<Sized<1>> && fits_slot<Sized<56>> && fits_slot<bool>);
static_assert(!fits_slot<Sized<57>> && !fits_slot<Aligned> && !fits_slot<std::string>);
static_assert(is_plain_range<std::string> && is_plain_range<std::vector<double>>);
static_assert(!is_plain_range<std::vector<bool>> && !is_plain_range<std::vector<std::string>>);
static_assert(!is_plain_range<std::vector<Aligned>>, "pieces are not so well aligned");
static_assert(!is_plain_value<Text> && !is_plain_value<int*>);

template <class T>
Outcome put(const SharedRef& queue, const T& value) {
  return QueueItem<T>::put(ItemQueue(queue), value, os::at_once);
}

template <class T>
std::optional<T> get(const SharedRef& queue, os::Deadline deadline = os::at_once) {
  Outcome outcome{};
  return QueueItem<T>::get(ItemQueue(queue), deadline, outcome);
}

TEST(QueueItem, PaddingDoesNotTravel) {
  struct Padded {
    char c;
    std::uint64_t number;
  };
  const SharedRef queue = QueueItem<Padded>::create(unlimited);
  Padded dirty;
  std::memset(static_cast<void*>(&dirty), 0xff, sizeof(dirty));
  dirty.c = 1;
  dirty.number = 2;
  put(queue, dirty);
  const auto& state = *static_cast<const QueueState*>(queue.address());
  Slot& slot = at<Segment>(state.head_segment.load())->slot(0, state.slot_size);
  EXPECT_EQ(static_cast<int>(slot.payload()[0]), 1);
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  EXPECT_EQ(static_cast<int>(slot.payload()[1]), 0) << "memory of ours that is nobody's business";
#endif
#endif
  EXPECT_EQ(get<Padded>(queue)->number, 2U);
}

/// A large item whose sender has only just begun to write it.
class HalfSent : public testing::Test {
 protected:
  /// Puts the message of these bytes without any of them.
  void put_unwritten(const void* from, std::size_t size) {
    from_ = static_cast<const std::byte*>(from);
    block_ = Message::prepare(size, {});
    ItemQueue(queue_).put(os::at_once, [&](std::byte* payload, std::uint64_t at) noexcept {
      const std::uint64_t word = block_ | 2;
      std::memcpy(payload, &word, sizeof(word));
      owner_word(block_) = ItemQueue(queue_).item_owner(at);
    });
  }

  /// Runs `body` while this thread writes; the writing begins when somebody waits for it.
  template <class F>
  void while_writing(F body) {
    const std::jthread receiver(body);
    test::until([this] { return at<MessageHeader>(block_)->sleepers.load() != 0; });
    Message::write(block_, from_);
  }

  const SharedRef queue_ = QueueItem<std::string>::create(unlimited);
  Offset block_ = 0;
  const std::byte* from_ = nullptr;
};

template <class T>
std::vector<T> counted(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::memset(static_cast<void*>(&values[i]), static_cast<int>(i % 251), sizeof(T));
  }
  return values;
}

TEST_F(HalfSent, IsCopiedAlong) {
  const std::vector<int> sent = counted<int>(300'000);
  put_unwritten(sent.data(), sent.size() * sizeof(int));
  while_writing([&] { EXPECT_EQ(get<std::vector<int>>(queue_, os::never), sent); });
}

TEST_F(HalfSent, ValuesThatLieInTwoPiecesArriveWhole) {
  const auto sent = counted<Sized<24>>(30'000);
  put_unwritten(sent.data(), sent.size() * 24);
  while_writing([&] { EXPECT_TRUE(get<std::vector<Sized<24>>>(queue_, os::never) == sent); });
}

TEST_F(HalfSent, StringsAreCopiedAlong) {
  const std::string sent(1'000'001, 'x');
  put_unwritten(sent.data(), sent.size());
  while_writing([&] { EXPECT_EQ(get<std::string>(queue_, os::never), sent); });
}

TEST_F(HalfSent, StaysForOneWithMoreTime) {
  const std::string sent(400'000, 'x');
  put_unwritten(sent.data(), sent.size());
  EXPECT_EQ(get<std::string>(queue_), std::nullopt);
  EXPECT_EQ(get<std::string>(queue_, std::chrono::steady_clock::now() + 5ms), std::nullopt);
  while_writing([&] { EXPECT_EQ(get<std::string>(queue_, os::never), sent); });
}

TEST_F(HalfSent, OfADeadSenderIsPassedOver) {
  const auto before = test::use_now();
  const std::string sent(400'000, 'x');
  test::run_and_die([&] { put_unwritten(sent.data(), sent.size()); });
  const std::string next(500'000, 'y');
  put(queue_, next);
  EXPECT_EQ(get<std::string>(queue_, os::never), next);
  test::notice_deaths();
  EXPECT_LE(test::use_now().parts, before.parts + 1);
}

TEST_F(HalfSent, OfASenderThatDiesMeanwhileIsPassedOver) {
  const auto sent = counted<int>(300'000);
  test::InArena<std::atomic<Offset>> block;
  test::Child sender([&] {
    put_unwritten(sent.data(), sent.size() * sizeof(int));
    *block = block_;
    auto& message = *at<MessageHeader>(block_);
    std::memset(message.bytes(), 7, MessageHeader::piece);
    message.pieces = 1;
    test::wait_to_be_killed();
  });
  {
    const std::jthread receiver([&] {
      EXPECT_EQ(get<std::vector<int>>(queue_, os::never), (std::vector{1, 2, 3}));
    });
    test::until([&] { return *block != 0 && at<MessageHeader>(*block)->sleepers.load() != 0; });
    put(queue_, std::vector{1, 2, 3});
    sender.kill();
    sender.wait();
  }
  test::notice_deaths();
}

TEST_F(HalfSent, GoesWithAnImmediateEndOnceItIsWritten) {
  const std::string sent(400'000, 'x');
  put_unwritten(sent.data(), sent.size());
  while_writing([&] { ItemQueue(queue_).end(true); });
  EXPECT_EQ(ItemQueue(queue_).size(), 0U);
}

}  // namespace
}  // namespace multiprocess::detail
