// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/arena.hpp>

#include <multiprocess/detail/page_runs.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <system_error>
#include <vector>

namespace multiprocess::detail {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// True in the program that a test below starts.
bool to_be_refused() {
  return std::getenv("ARENA_TEST_REFUSED") != nullptr;
}

// The arena of this program is so small that it can be full.
const bool small =
    to_be_refused() || setenv("MULTIPROCESS_RESERVE", std::to_string(32 * mib).c_str(), 1) == 0;

/// Memory that the arena takes from the machine.
std::size_t resident() {
  struct stat info {};
  EXPECT_EQ(fstat(static_cast<int>(arena_descriptor()), &info), 0);
  return static_cast<std::size_t>(info.st_blocks) * 512;
}

/// Blocks of this size until there is no more memory.
std::vector<Offset> fill_up(std::size_t size) {
  std::vector<Offset> blocks;
  try {
    while (true) {
      blocks.push_back(allocate(size));
    }
  } catch (const std::bad_alloc&) {
  }
  return blocks;
}

void free_all(const std::vector<Offset>& blocks) {
  std::for_each(blocks.begin(), blocks.end(), &deallocate);
  return_magazines();
}

TEST(Arena, SaysWhatItIs) {
  const ArenaHeader& header = arena_header();
  EXPECT_EQ(header.magic, ArenaHeader::right_magic);
  EXPECT_NE(header.id, 0U);
  EXPECT_EQ(header.size, 32 * mib);
  EXPECT_EQ(header.first_page % arena_page, 0U);
  EXPECT_GT(header.page_count, 400U);
  EXPECT_LE(header.first_page + header.page_count * arena_page, header.size);
}

TEST(Arena, OffsetsAndAddressesAreTheSameThing) {
  const Offset block = allocate(100);
  EXPECT_EQ(offset_of(at<int>(block)), block);
  EXPECT_EQ(reinterpret_cast<std::byte*>(at<int>(block)), arena_base() + block);
  deallocate(block);
}

TEST(Arena, IsInheritedByAFork) {
  const std::uint64_t id = arena_header().id;
  test::Child child([id, base = arena_base()] {
    EXPECT_EQ(arena_base(), base);
    EXPECT_EQ(arena_header().id, id);
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(Arena, WorksWithoutItsDescriptorButCannotBeHandedOn) {
  this_participant();
  test::Child child([] {
    for (int fd = 3; fd < 256; ++fd) {
      close(fd);
    }
    const Queue<std::string> queue;
    queue.put(std::string(mib, 'x'));
    EXPECT_EQ(queue.get().size(), mib);
    EXPECT_THROW(arena_descriptor(), std::system_error);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST(Arena, AReservationThatMakesNoSenseIsRefused) {
  if (to_be_refused()) {
    EXPECT_THROW(arena_base(), ValueError);
    return;
  }
  for (const char* const text : {"lots", "1000", "-1", "", "1e9", "99999999 bytes"}) {
    test::Child child([text] {  // this program anew, since here there is an arena already
      setenv("MULTIPROCESS_RESERVE", text, 1);
      setenv("ARENA_TEST_REFUSED", "yes", 1);
      execl("/proc/self/exe", "arena_test", "--gtest_filter=*MakesNoSense*", "--gtest_brief=1",
            nullptr);
    });
    EXPECT_EQ(child.wait(), 0) << text;
  }
}

TEST(Arena, IsFullAtSomePointAndGoesOnAfterwards) {
  const auto before = test::use_now();
  for (const std::size_t size : {64U, 5000U, 40'000U, 300'000U, 1'500'000U}) {
    const std::vector<Offset> blocks = fill_up(size);
    EXPECT_GT(blocks.size() * size, 14 * mib) << size;
    EXPECT_THROW(allocate(20 * mib), std::bad_alloc);
    free_all(blocks);
    EXPECT_EQ(test::use_now(), before) << size;
  }
  deallocate(allocate(3 * mib));
}

TEST(Arena, AFullOneDoesNotSpoilAQueue) {
  std::vector<Offset> blocks;
  {
    const Queue<int> queue;
    const Queue<std::string> texts;
    blocks = fill_up(16 * 1024);
    for (const std::size_t size : {1000U, 64U}) {
      const std::vector<Offset> more = fill_up(size);
      blocks.insert(blocks.end(), more.begin(), more.end());
    }
    EXPECT_THROW(queue.put(1), std::bad_alloc);
    EXPECT_THROW(texts.put(std::string(100'000, 'x')), std::bad_alloc);
    EXPECT_THROW(texts.put(std::string(100, 'x')), std::bad_alloc);
    EXPECT_TRUE(queue.empty() && texts.empty());
    free_all(blocks);
    queue.put(1);
    texts.put("text");
    EXPECT_EQ(queue.get(), 1);
    EXPECT_EQ(texts.get(), "text");
  }
}

TEST(Arena, AFullQueueOfManyItemsCanBeDrained) {
  const Queue<std::string> queue;
  std::size_t count = 0;
  try {
    while (true) {
      queue.put(std::string(1000, 'x'));
      ++count;
    }
  } catch (const std::bad_alloc&) {
  }
  EXPECT_GT(count, 15'000U);
  EXPECT_EQ(queue.qsize(), static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(queue.get_nowait().size(), 1000U);
  }
  queue.put("again");
  EXPECT_EQ(queue.get(), "again");
}

TEST(Arena, FreedMemoryGoesBackToTheMachine) {
  for (const std::size_t size : {64U, 1000U, 20'000U, 200'000U, 2'500'000U}) {
    const std::vector<Offset> blocks = fill_up(size);
    EXPECT_GT(resident(), 10 * mib);
    free_all(blocks);
    EXPECT_LT(resident(), 10 * mib) << "a quarter may stay warm, after blocks of " << size;
  }
}

TEST(Arena, FreedPiecesBecomeWholeAgain) {
  for (const std::size_t size : {64U, 1000U, 20'000U, 70'000U}) {
    free_all(fill_up(size));
    deallocate(allocate(3 * mib));
  }
}

TEST(Arena, IsOpenedOnceByThreads) {
  test::in_threads(4, [](int) { EXPECT_EQ(open_arena(), arena_base()); });
}

}  // namespace
}  // namespace multiprocess::detail
