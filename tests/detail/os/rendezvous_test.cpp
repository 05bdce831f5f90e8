// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/rendezvous.hpp>

#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/os/transfer.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <system_error>
#include <vector>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::require;

namespace {

constexpr std::array one_byte{std::byte{1}};

TEST(Rendezvous, EachHasANameOfItsOwn) {
  const os::Rendezvous first = os::open_rendezvous();
  const os::Rendezvous second = os::open_rendezvous();
  EXPECT_NE(first.name, 0U);
  EXPECT_NE(first.name, second.name);
  EXPECT_TRUE(first.door);
}

TEST(Rendezvous, AVisitorIsSeenAtTheDoorAndSpokenTo) {
  const os::Rendezvous place = os::open_rendezvous();
  EXPECT_FALSE(os::wait_readable(place.door.get(), os::at_once));
  EXPECT_FALSE(os::admit(place.door.get())) << "nobody is there, and nobody is waited for";
  const os::Handle visitor = os::visit(place.name);
  ASSERT_TRUE(visitor);
  EXPECT_TRUE(os::wait_readable(place.door.get(), os::at_once));
  const os::Handle host = os::admit(place.door.get());
  ASSERT_TRUE(host);
  os::send_message(visitor.get(), one_byte);
  EXPECT_EQ(os::receive_message(host.get())->bytes.size(), 1U);
  os::send_message(host.get(), one_byte, std::array{os::make_pipe().read.get()});
  EXPECT_EQ(os::receive_message(visitor.get())->handles.size(), 1U);
}

TEST(Rendezvous, WhatAVisitorLeavesIsThereWhenHeHasGone) {
  const os::Rendezvous place = os::open_rendezvous();
  {
    const os::Handle visitor = os::visit(place.name, os::Patience::none);
    os::send_message(visitor.get(), one_byte);
  }
  const os::Handle host = os::admit(place.door.get());
  ASSERT_TRUE(host);
  EXPECT_TRUE(os::receive_message(host.get()));
  EXPECT_FALSE(os::receive_message(host.get()));
}

TEST(Rendezvous, NobodyIsThereOnceTheDoorIsClosed) {
  os::Rendezvous place = os::open_rendezvous();
  const os::Handle waiting = os::visit(place.name);
  place.door.reset();
  EXPECT_FALSE(os::visit(place.name));
  EXPECT_FALSE(os::visit(place.name, os::Patience::none));
  EXPECT_FALSE(os::receive_message(waiting.get())) << "who was not let in sees the end";
}

TEST(Rendezvous, EndsWithTheProcessThatServes) {
  const os::Pipe names = os::make_pipe();
  Child host([&] {
    const os::Rendezvous place = os::open_rendezvous();
    os::write_all(names.write.get(), std::as_bytes(std::span(&place.name, 1)));
    multiprocess::test::wait_to_be_killed();
  });
  std::uint64_t name = 0;
  ASSERT_TRUE(os::read_all(names.read.get(), std::as_writable_bytes(std::span(&name, 1))));
  const os::Handle visitor = os::visit(name);
  EXPECT_TRUE(visitor);
  host.kill();
  host.wait();
  EXPECT_FALSE(os::receive_message(visitor.get()));
  EXPECT_FALSE(os::visit(name));
}

TEST(Rendezvous, WithoutPatienceAFullHouseIsNobodyThere) {
  Child child([] {
    require(os::raise_handle_limit() > 5000);
    const os::Rendezvous place = os::open_rendezvous();
    std::vector<os::Handle> visitors;
    while (os::Handle visitor = os::visit(place.name, os::Patience::none)) {
      visitors.push_back(std::move(visitor));
      require(visitors.size() < 5000);
    }
    require(!visitors.empty() && bool(os::admit(place.door.get())));
    require(bool(os::visit(place.name, os::Patience::none)));
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
