// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/rendezvous.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <system_error>

// Users who are strangers to each other.

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::Gate;
using multiprocess::test::require;

namespace {

TEST(RendezvousOfUsers, KeepsToProcessesOfOneUser) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only the superuser can be another one";
  }
  const os::Rendezvous ours = os::open_rendezvous();
  Gate visited;
  Gate checked;
  const os::Pipe names = os::make_pipe();
  Child stranger([&] {
    require(setuid(65534) == 0);
    const os::Rendezvous theirs = os::open_rendezvous();
    os::write_all(names.write.get(), std::as_bytes(std::span(&theirs.name, 1)));
    try {
      os::visit(ours.name);
      require(false);
    } catch (const std::system_error& error) {
      require(error.code() == std::errc::operation_not_permitted);
    }
    visited.open();
    checked.wait();
    require(!os::admit(theirs.door.get()));
  });
  visited.wait();
  EXPECT_TRUE(os::wait_readable(ours.door.get(), os::at_once));
  EXPECT_FALSE(os::admit(ours.door.get()));
  std::uint64_t name = 0;
  ASSERT_TRUE(os::read_all(names.read.get(), std::as_writable_bytes(std::span(&name, 1))));
  EXPECT_THROW(os::visit(name), std::system_error);
  checked.open();
  EXPECT_EQ(stranger.wait(), 0);
}

}  // namespace
