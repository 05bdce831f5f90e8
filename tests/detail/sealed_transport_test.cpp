// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/sealed_transport.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/hex.hpp"
#include "support/stream_handles.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::bytes_of;

std::shared_ptr<const Secret> key(std::byte fill) {
  return std::make_shared<const Secret>(std::vector<std::byte>(32, fill));
}

/// Two ends with somebody in between, who can do what he likes with what is sent.
class SealedTransportTest : public testing::Test {
 protected:
  std::vector<std::byte> intercept(std::size_t size) {
    std::vector<std::byte> frame(4 + 24 + size);
    EXPECT_TRUE(os::read_all(from_here_.second.get(), frame));
    return frame;
  }
  void forward(const std::vector<std::byte>& frame) { os::write_all(to_there_.first.get(), frame); }
  void pass(std::size_t size) { forward(intercept(size)); }

  std::errc fails() {
    try {
      there_.recv_bytes();
    } catch (const std::system_error& error) {
      EXPECT_TRUE(there_.closed());
      return static_cast<std::errc>(error.code().value());
    }
    return {};
  }

  std::pair<os::Handle, os::Handle> from_here_ = test::make_stream_handles();
  std::pair<os::Handle, os::Handle> to_there_ = test::make_stream_handles();
  const Connection here_{
      sealed_transport(std::move(from_here_.first), {key(std::byte{1}), key(std::byte{2})})};
  const Connection there_{
      sealed_transport(std::move(to_there_.second), {key(std::byte{2}), key(std::byte{1})})};
};

TEST_F(SealedTransportTest, CarriesMessages) {
  for (int i = 0; i < 3; ++i) {
    here_.send_bytes("hello");
    pass(5);
    EXPECT_EQ(there_.recv_bytes(), bytes_of("hello"));
  }
  here_.send_bytes("");
  pass(0);
  EXPECT_EQ(there_.recv_bytes(), bytes_of(""));
}

TEST_F(SealedTransportTest, HasTheLimitsOfAnyConnection) {
  for (int i = 0; i < 2; ++i) {
    here_.send_bytes("hello");
    pass(5);
  }
  std::array<char, 3> small{};
  EXPECT_THROW(there_.recv_bytes_into(small), BufferTooShort);
  EXPECT_THROW(there_.recv_bytes(4), std::system_error);
  here_.send_bytes("abc");
  pass(3);
  EXPECT_EQ(there_.recv_bytes_into(small), 3U);
}

TEST_F(SealedTransportTest, AnyChangedByteIsNoticed) {
  here_.send_bytes("hello");
  const auto frame = intercept(5);
  for (std::size_t i = 4; i < frame.size(); ++i) {
    auto stream = test::make_stream_handles();
    const Connection end(
        sealed_transport(std::move(stream.second), {key(std::byte{2}), key(std::byte{1})}));
    auto changed = frame;
    changed[i] ^= std::byte{0x10};
    os::write_all(stream.first.get(), changed);
    EXPECT_THROW(end.recv_bytes(), std::system_error) << i;
    EXPECT_TRUE(end.closed());
  }
}

TEST_F(SealedTransportTest, AReplayIsNoticed) {
  here_.send_bytes("pay");
  const auto frame = intercept(3);
  forward(frame);
  forward(frame);
  EXPECT_EQ(there_.recv_bytes(), bytes_of("pay"));
  EXPECT_EQ(fails(), std::errc::bad_message);
}

TEST_F(SealedTransportTest, ALossIsNoticed) {
  here_.send_bytes("one");
  here_.send_bytes("two");
  intercept(3);
  pass(3);
  EXPECT_EQ(fails(), std::errc::bad_message);
}

TEST_F(SealedTransportTest, AReflectionIsNoticed) {
  there_.send_bytes("mine");
  std::vector<std::byte> frame(4 + 24 + 4);
  EXPECT_TRUE(os::read_all(to_there_.first.get(), frame));
  forward(frame);
  EXPECT_EQ(fails(), std::errc::bad_message);
}

TEST_F(SealedTransportTest, WhatIsTooShortForASealIsNoticed) {
  forward({std::byte{}, std::byte{}, std::byte{}, std::byte{1}, std::byte{7}});
  EXPECT_EQ(fails(), std::errc::bad_message);
}

}  // namespace
}  // namespace multiprocess::detail
