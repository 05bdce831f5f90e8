// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/shared_memory.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <system_error>

namespace {

namespace mp = multiprocess;

// Where Windows differs from what tests/shared_memory_test.cpp says, as it does for Python.

std::errc error_of(const std::string& name, bool create) {
  try {
    if (create) {
      mp::SharedMemory::create(10, name);
    } else {
      const mp::SharedMemory opened(name);
    }
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().default_error_condition().value());
  }
  return {};
}

TEST(SharedMemoryOfWindows, IsFoundByItsNameAndHasWholePages) {
  const auto memory = mp::SharedMemory::create(1000);
  EXPECT_TRUE(memory.name().starts_with("wnsm_")) << memory.name();
  EXPECT_EQ(memory.size(), 1000U);
  memory.as<int>()[0] = 42;
  const mp::SharedMemory other(memory.name());
  EXPECT_EQ(other.size(), 4096U);
  EXPECT_EQ(other.as<int>()[0], 42);
  EXPECT_EQ(other, memory);
}

TEST(SharedMemoryOfWindows, GoesWithTheLastWhoHasIt) {
  std::optional memory(mp::SharedMemory::create(10, "shared_memory_test"));
  EXPECT_EQ(error_of("shared_memory_test", true), std::errc::file_exists);
  memory->unlink();  // nothing happens
  std::optional other(mp::SharedMemory("shared_memory_test"));
  memory.reset();
  EXPECT_EQ(error_of("shared_memory_test", true), std::errc::file_exists);
  other.reset();
  EXPECT_EQ(error_of("shared_memory_test", false), std::errc::no_such_file_or_directory);
}

TEST(SharedMemoryOfWindows, RefusesNamesThatArePlaces) {
  EXPECT_EQ(error_of("a\\b", true), std::errc::invalid_argument);
  EXPECT_THROW(mp::SharedMemory::create(0), mp::ValueError);
}

TEST(SharedMemoryOfWindows, TravelsByItsName) {
  const auto memory = mp::SharedMemory::create(8);
  mp::Process child([memory] { memory.as<int>()[1] = 7; });
  child.start();
  EXPECT_TRUE(child.join());
  EXPECT_EQ(child.exitcode(), 0);
  EXPECT_EQ(memory.as<int>()[1], 7);
}

}  // namespace
