// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
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

TEST(Handle, TheStreamBehindANumberIsKnown) {
  os::Pipe pipe = os::make_pipe();
  const std::uint64_t id = os::stream_id(pipe.read.get());
  EXPECT_NE(id, 0U);
  EXPECT_EQ(os::stream_id(pipe.write.get()), id);
  EXPECT_EQ(os::stream_id(os::duplicate(pipe.read.get()).get()), id);
  EXPECT_NE(os::stream_id(os::make_pipe().read.get()), id);
  const os::NativeHandle number = pipe.read.get();
  pipe.read.reset();
  EXPECT_EQ(os::stream_id(number), 0U);
  EXPECT_EQ(os::stream_id(os::no_handle), 0U);
}

}  // namespace
