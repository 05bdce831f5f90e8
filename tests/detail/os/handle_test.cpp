// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <system_error>
#include <utility>

namespace os = multiprocess::detail::os;

namespace {

constexpr std::array hello{std::byte{1}, std::byte{2}};

TEST(Handle, ClosesWhatItOwns) {
  os::Pipe pipe = os::make_pipe();
  pipe.write.reset();
  EXPECT_FALSE(pipe.write);
  std::array<std::byte, 2> got{};
  EXPECT_EQ(os::read_some(pipe.read.get(), got), 0U);  // the end of the stream
}

TEST(Handle, MovesOwnership) {
  os::Pipe pipe = os::make_pipe();
  const os::NativeHandle number = pipe.write.get();
  os::Handle other = std::move(pipe.write);
  EXPECT_EQ(other.get(), number);
  pipe.read = std::move(other);  // closes the reading end
  EXPECT_THROW(os::write_all(pipe.read.get(), hello), std::system_error);
}

TEST(Handle, AssignmentToItselfKeepsIt) {
  os::Pipe pipe = os::make_pipe();
  os::Handle& same = pipe.write;
  pipe.write = std::move(same);
  EXPECT_TRUE(pipe.write);
  EXPECT_NO_THROW(os::write_all(pipe.write.get(), hello));
}

TEST(Handle, ReleaseLeavesItOpen) {
  os::Pipe pipe = os::make_pipe();
  const os::NativeHandle number = pipe.write.release();
  EXPECT_FALSE(pipe.write);
  EXPECT_NO_THROW(os::write_all(number, hello));
  pipe.write.reset(number);
}

TEST(Handle, DuplicateOutlivesTheFirst) {
  os::Pipe pipe = os::make_pipe();
  const os::Handle copy = os::duplicate(pipe.write.get());
  pipe.write.reset();
  os::write_all(copy.get(), hello);
  std::array<std::byte, 2> got{};
  EXPECT_TRUE(os::read_all(pipe.read.get(), got));
  EXPECT_EQ(got, hello);
}

TEST(Handle, DuplicateOfNothingIsASystemError) {
  try {
    os::duplicate(os::no_handle);
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
  }
}

}  // namespace
