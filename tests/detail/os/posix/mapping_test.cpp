// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/mapping.hpp>

#include "support/child.hpp"
#include "support/own_process.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <system_error>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using multiprocess::test::in_a_process;
using multiprocess::test::sanitizer;
using multiprocess::test::Sanitizer;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t piece = std::size_t{64} << 10;

TEST(SharedMapping, IsTheSameInAChild) {
  in_a_process([] {
    auto memory = os::SharedMapping::create(mib, mib);
    memory.commit(0, piece);
    Child child([&memory] { memory.data()[100] = std::byte{7}; });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(memory.data()[100], std::byte{7});
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
