// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/mapping.hpp>

#include "support/own_process.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <system_error>
#include <vector>

namespace os = multiprocess::detail::os;
using multiprocess::test::in_a_process;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t piece = std::size_t{64} << 10;

// A mapping stays until its process ends: so each test is a process.

TEST(SharedMapping, IsAsLargeAsAskedAndReadsAsZero) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(64 * mib, mib);
    EXPECT_EQ(memory.size(), 64 * mib);
    memory.commit(63 * mib, piece);
    EXPECT_EQ(memory.data()[63 * mib], std::byte{0});
    EXPECT_EQ(memory.data()[63 * mib + piece - 1], std::byte{0});
  });
}

TEST(SharedMapping, IsFoundByItsHandle) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    memory.commit(0, piece);
    auto other = os::SharedMapping::attach(os::duplicate(memory.handle()));
    EXPECT_EQ(other.size(), memory.size());
    EXPECT_NE(other.data(), memory.data());
    other.data()[5] = std::byte{9};
    EXPECT_EQ(memory.data()[5], std::byte{9});
  });
}

TEST(SharedMapping, DiscardedBytesReadAsZero) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    memory.commit(0, 2 * piece);
    std::memset(memory.data(), 1, 2 * piece);
    memory.discard(0, piece);
    EXPECT_EQ(memory.data()[0], std::byte{0});
    EXPECT_EQ(memory.data()[piece], std::byte{1});
  });
}

TEST(SharedMapping, CommitsPiecesThatBeginAnywhere) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    memory.commit(4095, 2);
    memory.data()[4095] = memory.data()[4096] = std::byte{1};
    memory.commit(mib - 1, 1);
    memory.data()[mib - 1] = std::byte{1};
  });
}

TEST(SharedMapping, RefusesMoreThanTheMachineHas) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(std::size_t{1} << 44, mib);
    EXPECT_THROW(memory.commit(0, memory.size()), std::bad_alloc);
    memory.commit(0, piece);
  });
}

TEST(SharedMapping, AttachRefusesWhatIsNoFile) {
  EXPECT_THROW(os::SharedMapping::attach(os::Handle()), std::system_error);
}

TEST(SharedMapping, ASecondCopyOfTheLibraryWouldBeSeen) {
  in_a_process([] {
    EXPECT_FALSE(os::another_arena_is_mapped());
    os::SharedMapping::create(mib, mib);
    EXPECT_TRUE(os::another_arena_is_mapped());
  });
}

TEST(HugePages, AreOnlyAWish) {
  std::vector<std::byte> memory(2 * os::worth_huge_pages, std::byte{1});
  os::prefer_huge_pages(memory.data() + 1, memory.size() - 1);
  EXPECT_EQ(memory.front(), std::byte{1});
  EXPECT_EQ(memory.back(), std::byte{1});
  os::prefer_huge_pages(nullptr, 0);
}

}  // namespace
