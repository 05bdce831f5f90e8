// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shipment.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <utility>

namespace multiprocess::detail {
namespace {

SharedRef make_object() {
  return publish_object(allocate(64), ObjectType::plain);
}

TEST(Outgoing, IsTheInnermostOfItsThread) {
  EXPECT_EQ(Outgoing::current(), nullptr);
  {
    const Outgoing outer(false);
    EXPECT_EQ(Outgoing::current(), &outer);
    {
      const Outgoing inner(true);
      EXPECT_EQ(Outgoing::current(), &inner);
      std::jthread([] { EXPECT_EQ(Outgoing::current(), nullptr); });
    }
    EXPECT_EQ(Outgoing::current(), &outer);
  }
  EXPECT_EQ(Outgoing::current(), nullptr);
}

TEST(Outgoing, NamesEachObjectOnce) {
  const SharedRef first = make_object();
  const SharedRef second = make_object();
  Outgoing message(false);
  EXPECT_EQ(message.add(first), 0U);
  EXPECT_EQ(message.add(second), 1U);
  EXPECT_EQ(message.add(take_reference(first.offset())), 0U);
  EXPECT_EQ(message.refs().size(), 2U);
}

TEST(Outgoing, HandsDescriptorsOver) {
  Outgoing message(true);
  os::Pipe pipe = os::make_pipe();
  const os::NativeHandle number = pipe.read.get();
  EXPECT_EQ(message.add(make_object()), 0U);
  EXPECT_EQ(message.add_descriptor(std::move(pipe.read)), 1U);
  EXPECT_EQ(message.add_descriptor(std::move(pipe.write)), 2U);
  EXPECT_EQ(message.refs().size(), 3U);
  EXPECT_EQ(message.descriptors().at(0).get(), number);
}

TEST(Outgoing, GivesDescriptorsToTheKeeperOtherwise) {
  os::Pipe pipe = os::make_pipe();
  {
    Outgoing message(false);
    EXPECT_EQ(message.add_descriptor(std::move(pipe.write), {}, 7), 0U);
    EXPECT_TRUE(message.descriptors().empty());
    const Incoming incoming(message.refs());
    const ReceivedDescriptor received = incoming.descriptor(0);
    os::write_all(received.handle.get(), std::array<std::byte, 1>{});
    EXPECT_EQ(received.meta, 7U);
    std::array<std::byte, 1> got{};
    EXPECT_TRUE(os::read_all(pipe.read.get(), got));
    EXPECT_FALSE(os::wait_readable(pipe.read.get(), os::at_once));
  }
  std::array<std::byte, 1> got{};
  EXPECT_FALSE(os::read_all(pipe.read.get(), got)) << "gone with the message";
}

TEST(Outgoing, PassesOnWhatCame) {
  const SharedRef companion = make_object();
  const SharedRef other = make_object();
  os::Pipe pipe = os::make_pipe();
  Outgoing first(true);
  first.add_descriptor(std::move(pipe.read), companion, 5);
  first.add(other);
  const Incoming incoming(first.refs(), std::move(first.descriptors()));
  Outgoing second(true);
  EXPECT_EQ(second.add_from(incoming, 1), 0U);
  EXPECT_EQ(second.add_from(incoming, 0), 1U);
  EXPECT_EQ(second.refs().at(0), other);
  EXPECT_NE(second.refs().at(1), first.refs().at(0)) << "a descriptor of its own";
  const Incoming last(second.refs(), std::move(second.descriptors()));
  const ReceivedDescriptor received = last.descriptor(1);
  EXPECT_EQ(received.companion, companion);
  EXPECT_EQ(received.meta, 5U);
  pipe.write.reset();
  EXPECT_TRUE(os::wait_readable(received.handle.get(), os::at_once));
}

TEST(Incoming, IsTheInnermostOfItsThread) {
  EXPECT_EQ(Incoming::current(), nullptr);
  {
    const Incoming outer;
    const Incoming* const expected = &outer;
    {
      const Incoming inner;
      EXPECT_EQ(Incoming::current(), &inner);
    }
    EXPECT_EQ(Incoming::current(), expected);
  }
  EXPECT_EQ(Incoming::current(), nullptr);
}

TEST(Incoming, GivesWhatItCarries) {
  const SharedRef ref = make_object();
  os::Pipe pipe = os::make_pipe();
  Outgoing outgoing(true);
  outgoing.add(ref);
  outgoing.add_descriptor(std::move(pipe.read), ref, 3);
  const Incoming message(outgoing.refs(), std::move(outgoing.descriptors()));
  EXPECT_EQ(message.ref(0), ref);
  EXPECT_EQ(message.ref(0), ref) << "as often as it is asked";
  EXPECT_FALSE(message.has_descriptor(0));
  EXPECT_TRUE(message.has_descriptor(1));
  const ReceivedDescriptor first = message.descriptor(1);
  const ReceivedDescriptor second = message.descriptor(1);
  EXPECT_NE(first.handle.get(), second.handle.get()) << "duplicates";
  EXPECT_EQ(first.companion, ref);
  EXPECT_EQ(first.meta, 3U);
  os::write_all(pipe.write.get(), std::array<std::byte, 2>{});
  std::array<std::byte, 1> got{};
  EXPECT_TRUE(os::read_all(first.handle.get(), got));
  EXPECT_TRUE(os::read_all(second.handle.get(), got));
}

TEST(Incoming, RefusesAnIndexThatTheMessageDoesNotHave) {
  const Incoming message({make_object(), make_parcel(0, {}, 0)});
  EXPECT_THROW(message.ref(2), ValueError);
  EXPECT_THROW(message.ref(0xffffffff), ValueError);
  EXPECT_THROW(message.has_descriptor(2), ValueError);
  EXPECT_THROW(message.descriptor(2), ValueError);
  EXPECT_THROW(message.descriptor(0), TypeError) << "no descriptor";
  EXPECT_THROW(message.descriptor(1), ValueError) << "one that was not handed over";
}

}  // namespace
}  // namespace multiprocess::detail
