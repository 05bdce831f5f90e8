// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shipment.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/os/stream.hpp>
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

TEST(Outgoing, CarriesDescriptorsWhereItsChannelCan) {
  Outgoing bytes_only(false);
  EXPECT_THROW(bytes_only.add_descriptor(os::make_pipe().read), NotSendable);
  Outgoing message(true);
  os::Pipe pipe = os::make_pipe();
  const os::NativeHandle number = pipe.read.get();
  EXPECT_EQ(message.add_descriptor(std::move(pipe.read)), 0U);
  EXPECT_EQ(message.add_descriptor(std::move(pipe.write)), 1U);
  EXPECT_EQ(message.descriptors().at(0).get(), number);
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
  std::vector<os::Handle> descriptors;
  os::Pipe pipe = os::make_pipe();
  descriptors.push_back(std::move(pipe.read));
  Incoming message({ref}, std::move(descriptors));
  EXPECT_EQ(message.ref(0), ref);
  EXPECT_EQ(message.ref(0), ref) << "as often as it is asked";
  const os::Handle first = message.descriptor(0);
  const os::Handle second = message.descriptor(0);
  EXPECT_NE(first.get(), second.get()) << "duplicates";
  os::write_all(pipe.write.get(), std::array<std::byte, 2>{});
  std::array<std::byte, 1> got{};
  EXPECT_TRUE(os::read_all(first.get(), got));
  EXPECT_TRUE(os::read_all(second.get(), got));
}

TEST(Incoming, RefusesAnIndexThatTheMessageDoesNotHave) {
  Incoming message({make_object()});
  EXPECT_THROW(message.ref(1), ValueError);
  EXPECT_THROW(message.ref(0xffffffff), ValueError);
  EXPECT_THROW(message.descriptor(0), ValueError);
}

}  // namespace
}  // namespace multiprocess::detail
