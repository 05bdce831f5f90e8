// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/message.hpp>

#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/word.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::use_now;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SharedRef some_object() {
  return ItemQueue::create(8, 1, false);
}

TEST(Message, CarriesItsBytes) {
  const auto before = use_now();
  for (const std::size_t size : {0U, 1U, 100U, 65'536U, 65'537U, 1'000'000U}) {
    const Outgoing nothing(false);
    const std::string text(size, 'x');
    const Message message(Message::pack(bytes_of(text), nothing, this_participant()));
    EXPECT_EQ(text_of(message.bytes()), text);
    EXPECT_TRUE(message.references().empty());
  }
  EXPECT_EQ(use_now(), before);
}

TEST(Message, CarriesReferences) {
  some_object();
  const auto before = use_now();
  {
    Outgoing beside(false);
    SharedRef object = some_object();
    beside.add(object);
    const Offset block = Message::pack(bytes_of("text"), beside, this_participant());
    const Message message(block);
    EXPECT_EQ(message.references().at(0), object);
    EXPECT_EQ(use_now().objects, before.objects + 1);
  }
  EXPECT_EQ(use_now(), before);
}

TEST(Message, KeepsWhatItRefersTo) {
  Offset block = 0;
  const auto before = use_now();
  {
    Outgoing beside(false);
    beside.add(some_object());
    block = Message::pack(bytes_of("text"), beside, this_participant());
  }
  EXPECT_EQ(use_now().objects, before.objects + 1);
  {
    const Message message(block);
    EXPECT_EQ(message.references().size(), 1U);
  }
  EXPECT_EQ(use_now().objects, before.objects);
}

TEST(Message, GoesWithTheChildThatNeverCame) {
  const auto before = use_now();
  const Ticket child = reserve_participant(false);
  {
    Outgoing beside(false);
    beside.add(some_object());
    Message::pack(bytes_of("text"), beside, child);
  }
  EXPECT_EQ(use_now().objects, before.objects + 1);
  note_end(child);
  EXPECT_EQ(use_now(), before);
}

TEST(Message, IsReceivedByTheChild) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const auto before = use_now();
  const Ticket place = reserve_participant(true);
  {
    Outgoing beside(false);
    const SharedRef object = some_object();
    beside.add(object);
    const Offset block = Message::pack(bytes_of("text"), beside, place);
    test::Child child([&] {
      enter_as(place);
      this_participant();
      {
        const Message message(block);
        EXPECT_EQ(text_of(message.bytes()), "text");
        EXPECT_EQ(message.references().at(0).offset(), object.offset());
      }
      leave_participant();
    });
    name_participant(place, child.pid());
    EXPECT_EQ(child.wait(), 0);
    note_end(place);
  }
  use_now();
  some_object();  // what a fork pinned is given back with the next reference
  EXPECT_EQ(use_now().objects, before.objects);
}

TEST(Message, OfADeadOwnerIsFreed) {
  const auto before = use_now();
  test::run_and_die([] {
    Outgoing beside(false);
    beside.add(some_object());
    Message::pack(bytes_of(std::string(1000, 'x')), beside, this_participant());
  });
  test::notice_deaths();
  EXPECT_EQ(use_now(), before);
}

TEST(Message, TellsHowMuchIsWritten) {
  const std::string text(200'000, 'x');
  const Offset block = Message::prepare(text.size(), {});
  MessageHeader& header = *at<MessageHeader>(block);
  EXPECT_EQ(header.all_pieces(), 4U);
  EXPECT_EQ(header.written(), 0U);
  EXPECT_FALSE(header.complete());
  EXPECT_FALSE(Message::wait_for_more(block, 0, os::at_once));
  EXPECT_FALSE(Message::wait_for_more(block, 0, std::chrono::steady_clock::now() + 5ms));
  header.pieces = 1;
  EXPECT_EQ(header.written(), MessageHeader::piece);
  EXPECT_TRUE(Message::wait_for_more(block, 0, os::at_once));
  EXPECT_FALSE(Message::wait_for_more(block, MessageHeader::piece, os::at_once));
  header.pieces = 0;
  Message::write(block, bytes_of(text).data());
  EXPECT_TRUE(header.complete());
  EXPECT_EQ(header.written(), text.size());
  EXPECT_TRUE(Message::wait_for_more(block, 3 * MessageHeader::piece, os::never));
  Message::drop(block);
}

TEST(Message, APieceSaysWhetherSomebodySleeps) {
  const Offset block = Message::prepare(200'000, {});
  MessageHeader& header = *at<MessageHeader>(block);
  EXPECT_FALSE(header.add_piece());
  {
    const Sleep sleep(header.pieces, header.sleepers);
    EXPECT_TRUE(header.add_piece());
  }
  EXPECT_FALSE(header.add_piece());
  EXPECT_EQ(header.pieces.load(), 3U);
  EXPECT_EQ(header.sleepers.load(), 0U);
  Message::drop(block);
}

TEST(Message, AReceiverFollowsTheSender) {
  cures().backstop = false;
  for (int i = 0; i < 20; ++i) {
    const std::string text(2'000'000, static_cast<char>('a' + i));
    const Offset block = Message::prepare(text.size(), {});
    MessageHeader& header = *at<MessageHeader>(block);
    {
      const std::jthread receiver([&] {
        std::string copy;
        while (copy.size() < text.size()) {
          EXPECT_TRUE(Message::wait_for_more(block, copy.size(), os::never));
          const std::size_t written = header.written();
          copy += text_of({header.bytes() + copy.size(), written - copy.size()});
        }
        EXPECT_EQ(copy, text);
      });
      Message::write(block, bytes_of(text).data());
    }
    Message::drop(block);
  }
  cures().backstop = true;
}

TEST(Message, TheSendersDeathEndsTheWait) {
  test::InArena<std::atomic<Offset>> block;
  test::Child sender([&] {
    *block = Message::prepare(1'000'000, {});
    test::wait_to_be_killed();
  });
  test::until([&] { return block->load() != 0; });
  {
    const std::jthread receiver([&] {
      EXPECT_FALSE(Message::wait_for_more(*block, 0, os::never));
      Message::wait_until_written(*block);
    });
    test::until([&] { return at<MessageHeader>(*block)->sleepers.load() != 0; });
    sender.kill();
    sender.wait();
  }
  test::notice_deaths();
}

}  // namespace
}  // namespace multiprocess::detail
