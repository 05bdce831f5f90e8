// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_ref.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

static_assert(std::is_nothrow_copy_constructible_v<SharedRef>);
static_assert(std::is_nothrow_default_constructible_v<SharedRef>);
static_assert(sizeof(SharedRef) == 2 * sizeof(void*));

SharedRef make_object() {
  return publish_object(allocate(64), ObjectType::plain);
}

TEST(SharedRef, IsEmptyAtFirst) {
  const SharedRef none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.address(), nullptr);
  EXPECT_EQ(none.offset(), 0U);
  EXPECT_EQ(none, SharedRef());
}

TEST(SharedRef, CopiesShareOneCount) {
  const SharedRef first = make_object();
  {
    SharedRef second = first;
    const SharedRef third = std::move(second);
    EXPECT_EQ(third, first);
    EXPECT_EQ(second, first) << "moving copies";
    EXPECT_EQ(first.control()->uses.load(), 3U);
    second = third;
    SharedRef& same = second;
    second = same;
    EXPECT_EQ(first.control()->uses.load(), 3U);
  }
  EXPECT_EQ(first.control()->uses.load(), 1U);
}

TEST(SharedRef, EqualMeansTheSameObject) {
  const SharedRef first = make_object();
  EXPECT_EQ(take_reference(first.offset()), first);
  EXPECT_NE(make_object(), first);
  EXPECT_NE(SharedRef(), first);
}

TEST(SharedRef, TouchesNoSharedMemoryWhenItIsCopied) {
  const SharedRef ref = make_object();
  const auto before = test::use_now();
  const std::vector<SharedRef> copies(1000, ref);
  EXPECT_EQ(test::use_now(), before);
  EXPECT_EQ(owner::references(owner_word(ref.offset()).load()), 1U);
}

TEST(SharedRef, IsCopiedAndDroppedByThreads) {
  const auto before = test::use_now();
  {
    const SharedRef ref = make_object();
    test::in_threads(4, [&ref](int) {
      for (int i = 0; i < 5000; ++i) {
        const SharedRef copy = ref;
        SharedRef other;
        other = copy;
        EXPECT_EQ(other.address(), ref.address());
      }
    });
    EXPECT_EQ(ref.control()->uses.load(), 1U);
  }
  EXPECT_EQ(test::use_now().objects, before.objects);
}

TEST(SharedRef, IsSentBesideTheBytesOnly) {
  const SharedRef ref = make_object();
  EXPECT_THROW(SharedRef::part_ops.send(&ref), RuntimeError);
  Outgoing message(false);
  EXPECT_EQ(SharedRef::part_ops.send(&ref), 0U);
  const SharedRef other = make_object();
  EXPECT_EQ(SharedRef::part_ops.send(&other), 1U);
  EXPECT_EQ(SharedRef::part_ops.send(&ref), 0U) << "one entry for each object";
  EXPECT_EQ(message.refs(), (std::vector<SharedRef>{ref, other}));
}

TEST(SharedRef, IsReceivedWithItsMessageOnly) {
  alignas(SharedRef) std::byte memory[sizeof(SharedRef)];
  EXPECT_THROW(SharedRef::part_ops.receive(memory, 0), RuntimeError);
  const SharedRef ref = make_object();
  const Incoming message(std::vector<SharedRef>{ref});
  EXPECT_THROW(SharedRef::part_ops.receive(memory, 1), ValueError);
  SharedRef::part_ops.receive(memory, 0);
  auto& received = *std::launder(reinterpret_cast<SharedRef*>(memory));
  EXPECT_EQ(received, ref);
  EXPECT_EQ(ref.control()->uses.load(), 3U);
  SharedRef::part_ops.destroy(memory);
  EXPECT_EQ(ref.control()->uses.load(), 2U);
}

TEST(SharedRef, AnEmptyOneCrossesToo) {
  const SharedRef none;
  alignas(SharedRef) std::byte memory[sizeof(SharedRef)];
  const Outgoing outgoing(false);
  const std::uint32_t index = SharedRef::part_ops.send(&none);
  EXPECT_TRUE(outgoing.refs().empty());
  const Incoming incoming;
  SharedRef::part_ops.receive(memory, index);
  EXPECT_FALSE(*std::launder(reinterpret_cast<SharedRef*>(memory)));
}

TEST(SharedRef, IsRecordedWhenItIsCopied) {
  const SharedRef ref = make_object();
  const CopyRecorder recorder;
  const SharedRef copy = ref;
  ASSERT_EQ(recorder.parts().size(), 1U);
  EXPECT_EQ(recorder.parts()[0].copy, &copy);
  EXPECT_EQ(recorder.parts()[0].ops, &SharedRef::part_ops);
  EXPECT_EQ(SharedRef::part_ops.self, &SharedRef::part_ops);
  EXPECT_EQ(SharedRef::part_ops.magic, PartOps::the_magic);
  EXPECT_EQ(SharedRef::part_ops.size, sizeof(SharedRef));
}

}  // namespace
}  // namespace multiprocess::detail
