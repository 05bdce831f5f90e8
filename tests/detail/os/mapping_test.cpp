// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/mapping.hpp>

#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <system_error>
#include <vector>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::sanitizer;
using multiprocess::test::Sanitizer;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t piece = std::size_t{64} << 10;

/// A mapping stays until its process ends: so each test is a process.
template <class F>
void in_a_process(F body) {
  EXPECT_EQ(Child(body).wait(), 0);
}

TEST(SharedMapping, IsAsLargeAsAskedAndReadsAsZero) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(64 * mib, mib);
    EXPECT_EQ(memory.size(), 64 * mib);
    memory.commit(63 * mib, piece);
    EXPECT_EQ(memory.data()[63 * mib], std::byte{0});
    EXPECT_EQ(memory.data()[63 * mib + piece - 1], std::byte{0});
  });
}

TEST(SharedMapping, IsTheSameInAChild) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    memory.commit(0, piece);
    Child child([&memory] { memory.data()[100] = std::byte{7}; });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(memory.data()[100], std::byte{7});
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

TEST(SharedMapping, GrowsAfterTheProgramClosedTheDescriptor) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    close(static_cast<int>(memory.handle()));
    memory.commit(0, piece);
    memory.data()[0] = std::byte{1};
    EXPECT_THROW(memory.handle(), std::system_error);
  });
}

TEST(SharedMapping, SeesThatItsNumberIsAnotherFileNow) {
  in_a_process([] {
    const auto memory = os::SharedMapping::create(mib, mib);
    const auto number = static_cast<int>(memory.handle());
    EXPECT_EQ(dup2(STDERR_FILENO, number), number);
    EXPECT_THROW(memory.handle(), std::system_error);
  });
}

constexpr const char* sanitizers_need_addresses = "a sanitizer itself needs more addresses";

void limit_addresses(std::size_t bytes) {
  const rlimit limit{bytes, bytes};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
}

TEST(SharedMapping, IsSmallerWhereAddressesAreLimited) {
  if (sanitizer != Sanitizer::none) {
    GTEST_SKIP() << sanitizers_need_addresses;
  }
  in_a_process([] {
    limit_addresses(std::size_t{1} << 30);
    const auto memory = os::SharedMapping::create(std::size_t{64} << 30, mib);
    EXPECT_GE(memory.size(), 256 * mib);
    EXPECT_LT(memory.size(), std::size_t{1} << 30);
  });
}

TEST(SharedMapping, SaysSoWhenEvenTheSmallestIsRefused) {
  if (sanitizer != Sanitizer::none) {
    GTEST_SKIP() << sanitizers_need_addresses;
  }
  in_a_process([] {
    limit_addresses(256 * mib);
    EXPECT_THROW(os::SharedMapping::create(std::size_t{64} << 30, std::size_t{1} << 30),
                 std::system_error);
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

TEST(ForkWipedWord, IsOneForTheProcess) {
  EXPECT_EQ(os::fork_wiped_word(), os::fork_wiped_word());
}

TEST(ForkWipedWord, IsNullInEveryKindOfChild) {
  int something = 0;
  *os::fork_wiped_word() = &something;
  Child child([] {
    EXPECT_EQ(*os::fork_wiped_word(), nullptr);
    int other = 0;
    *os::fork_wiped_word() = &other;
    EXPECT_EQ(Child([] { EXPECT_EQ(*os::fork_wiped_word(), nullptr); }).wait(), 0);
    EXPECT_EQ(*os::fork_wiped_word(), &other);
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(*os::fork_wiped_word(), &something);
  *os::fork_wiped_word() = nullptr;
}

}  // namespace
