// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/fd.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <new>
#include <system_error>
#include <utility>

namespace detail = multiprocess::detail;
namespace os = multiprocess::detail::os;
using multiprocess::Fd;

namespace {

/// Two ends, of which the test sees at the reading one whether the writing one is open.
class FdTest : public testing::Test {
 protected:
  bool open() const { return !os::wait_readable(pipe_.read.get(), os::at_once); }

  os::Pipe pipe_ = os::make_pipe();
  Fd fd_{std::move(pipe_.write)};
};
using FdSending = FdTest;

TEST_F(FdTest, TheLastCopyClosesTheDescriptor) {
  {
    const Fd copy = std::exchange(fd_, Fd());
    const Fd& another = copy;
    fd_ = another;
    fd_ = *&fd_;
    EXPECT_EQ(copy.fileno(), fd_.fileno());
    EXPECT_EQ(copy, fd_);
  }
  EXPECT_TRUE(open());
  fd_ = Fd();
  EXPECT_FALSE(open());
}

TEST_F(FdTest, CloseIsForAllCopies) {
  const Fd copy = fd_;
  fd_.close();
  EXPECT_FALSE(open());
  EXPECT_TRUE(copy.closed());
  copy.close();
  EXPECT_THROW(copy.fileno(), std::system_error);
}

TEST_F(FdTest, ReleaseGivesTheDescriptorAway) {
  const int number = fd_.fileno();
  EXPECT_EQ(fd_.release(), number);
  EXPECT_TRUE(fd_.closed());
  EXPECT_TRUE(open());
  const Fd again(number);
  EXPECT_THROW(fd_.release(), std::system_error);
}

TEST_F(FdTest, DuplicateIsAnotherDescriptor) {
  const Fd second = Fd::duplicate(fd_.fileno());
  EXPECT_NE(second, fd_);
  fd_.close();
  EXPECT_TRUE(open());
}

TEST_F(FdTest, DefaultIsClosed) {
  EXPECT_TRUE(Fd().closed());
  EXPECT_THROW(Fd().fileno(), std::system_error);
  EXPECT_THROW(Fd(-1), multiprocess::ValueError);
}

TEST_F(FdTest, PrintsItsNumber) {
  EXPECT_EQ(fmt::format("{}", fd_), fmt::format("<Fd {}>", fd_.fileno()));
  EXPECT_EQ(fmt::format("{}", Fd()), "<Fd closed>");
}

TEST_F(FdTest, TellsARecorderWhereItsCopiesLie) {
  struct Closure {
    int before;
    Fd fd;
  };
  const Closure original{1, fd_};
  const detail::CopyRecorder recorder;
  const Closure copy = original;
  fd_ = copy.fd;  // an assignment is no part of a copy
  ASSERT_EQ(recorder.parts().size(), 1U);
  EXPECT_EQ(recorder.parts()[0].copy, &copy.fd);
  EXPECT_EQ(recorder.parts()[0].ops, &Fd::part_ops);
}

TEST_F(FdSending, GivesTheReceiverItsOwn) {
  detail::Outgoing outgoing(true);
  const std::uint32_t index = Fd::part_ops.send(&fd_);
  fd_.close();
  const detail::Incoming incoming(outgoing.refs(), std::move(outgoing.descriptors()));
  alignas(Fd) std::array<std::byte, sizeof(Fd)> storage;
  Fd::part_ops.receive(storage.data(), index);
  Fd* const received = std::launder(reinterpret_cast<Fd*>(storage.data()));
  const std::array sent{std::byte{7}};
  os::write_all(received->fileno(), sent);
  std::destroy_at(received);
  std::array<std::byte, 1> got{};
  EXPECT_TRUE(os::read_all(pipe_.read.get(), got));
  EXPECT_EQ(got, sent);
}

TEST_F(FdSending, OutsideOfAMessageIsARuntimeError) {
  EXPECT_THROW(Fd::part_ops.send(&fd_), multiprocess::RuntimeError);
  alignas(Fd) std::array<std::byte, sizeof(Fd)> storage;
  EXPECT_THROW(Fd::part_ops.receive(storage.data(), 0), multiprocess::RuntimeError);
}

TEST_F(FdSending, RefusesWhatCannotArrive) {
  const detail::Outgoing outgoing(true);
  fd_.close();
  EXPECT_THROW(Fd::part_ops.send(&fd_), multiprocess::NotSendable);
}

}  // namespace
