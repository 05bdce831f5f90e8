// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/block_item.hpp>

#include <multiprocess/lock.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;

Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class BlockItemTest : public testing::Test {
 protected:
  Outcome put(std::string_view text, std::span<const SharedRef> beside = {}) {
    return put_bytes(queue_, bytes_of(text), beside, os::at_once);
  }
  std::string get() {
    BlockItem item;
    EXPECT_EQ(get_item(queue_, item, nullptr, os::at_once), Outcome::done);
    if (!item.is_block()) {
      return text_of({item.inside, item.size()});
    }
    return text_of(Message(item.block()).bytes());
  }

  const SharedRef ref_ = ItemQueue::create(sizeof(BlockItem), 3, true);
  const ItemQueue queue_{ref_};
};

TEST_F(BlockItemTest, ShortOnesLieInTheSlot) {
  const auto before = test::use_now();
  for (const std::size_t size : {0U, 1U, 48U}) {
    put(std::string(size, 'x'));
  }
  EXPECT_LE(test::use_now().parts, before.parts + 1) << "the segment";
  for (const std::size_t size : {0U, 1U, 48U}) {
    EXPECT_EQ(get().size(), size);
  }
}

TEST_F(BlockItemTest, LongOnesHaveABlock) {
  put("");
  const auto before = test::use_now();
  put(std::string(49, 'x'));
  put(std::string(1'000'000, 'y'));
  EXPECT_EQ(test::use_now().parts, before.parts + 2);
  EXPECT_EQ(get(), "");
  EXPECT_EQ(get(), std::string(49, 'x'));
  EXPECT_EQ(get(), std::string(1'000'000, 'y'));
  EXPECT_EQ(test::use_now(), before);
}

TEST_F(BlockItemTest, AFullQueueKeepsNothing) {
  for (int i = 0; i < 3; ++i) {
    put("x");
  }
  const auto before = test::use_now();
  const multiprocess::Lock lock;
  const std::vector<SharedRef> beside(1, ref_);
  for (const std::size_t size : {1U, 100U, 500'000U}) {
    EXPECT_EQ(put(std::string(size, 'x')), Outcome::time_up);
    EXPECT_EQ(put(std::string(size, 'x'), beside), Outcome::time_up);
  }
  queue_.end(false);
  EXPECT_EQ(put(std::string(500'000, 'x'), beside), Outcome::ended);
  EXPECT_EQ(test::use_now().parts, before.parts);
  EXPECT_EQ(test::use_now().private_blocks, before.private_blocks);
}

TEST_F(BlockItemTest, ReferencesTravelBeside) {
  SharedRef other = ItemQueue::create(8, 1, false);
  const Offset offset = other.offset();
  put("", std::vector<SharedRef>{other, ref_});
  other = SharedRef();
  BlockItem item;
  ASSERT_EQ(get_item(queue_, item, nullptr, os::at_once), Outcome::done);
  ASSERT_TRUE(item.is_block()) << "even when it is short";
  {
    const Message message(item.block());
    const std::vector<SharedRef> refs = message.references();
    ASSERT_EQ(refs.size(), 2U);
    EXPECT_EQ(refs[0].offset(), offset);
    EXPECT_EQ(refs[1], ref_);
  }
}

TEST_F(BlockItemTest, ADeadGettersItemIsGivenAgainOrGone) {
  const auto before = test::use_now();
  put(std::string(1000, 'x'));
  test::run_and_die([this] {
    BlockItem item;
    get_item(queue_, item, nullptr, os::at_once);
  });
  EXPECT_EQ(queue_.size(), 0U) << "it was received";
  test::notice_deaths();
  EXPECT_LE(test::use_now().parts, before.parts + 1) << "and went with its receiver";
  EXPECT_EQ(test::use_now().private_blocks, before.private_blocks);
}

TEST_F(BlockItemTest, CopiesAlongWhatIsBeingWritten) {
  const std::string text(300'000, 'x');
  std::string copied;
  CopyAlong along{[](void* context, Bytes bytes, std::size_t whole) {
                    EXPECT_EQ(whole, 300'000U);
                    static_cast<std::string*>(context)->append(text_of(bytes));
                  },
                  &copied};
  put(text);
  BlockItem item;
  ASSERT_EQ(get_item(queue_, item, &along, os::at_once), Outcome::done);
  EXPECT_FALSE(along.used) << "all of it was there";
  EXPECT_EQ(copied, "");
  const Message message(item.block());
  EXPECT_EQ(message.bytes().size(), text.size());
}

}  // namespace
}  // namespace multiprocess::detail
