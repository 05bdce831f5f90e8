// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_memory_manager.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::require;

namespace {

class SharedMemoryManagers : public mp::test::StartMethods {
 protected:
  static mp::SharedMemoryManager started() {
    mp::ManagerOptions options;
    options.start_method = GetParam();
    mp::SharedMemoryManager manager(options);
    manager.start();
    return manager;
  }

  static bool is_there(const std::string& name) {
    try {
      const mp::SharedMemory memory(name);
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(SharedMemoryManagers);

TEST_P(SharedMemoryManagers, MakeMemoryAndListsThatGoWithThem) {
  std::vector<std::string> names;
  {
    const mp::SharedMemoryManager manager = started();
    const mp::SharedMemory memory = manager.SharedMemory(128);
    const mp::ShareableList list = manager.ShareableList({1, "two", 3.0});
    const mp::ShareableList more = manager.ShareableList(std::vector{1, 2});
    memory.as<int>()[0] = 7;
    EXPECT_EQ(exitcode_of([memory, list] {
                require(memory.as<int>()[0] == 7);
                list.set(0, 5);
              }),
              0);
    EXPECT_EQ(list.get<int>(0), 5);
    EXPECT_EQ(more.size(), 2);
    names = {memory.name(), list.shm().name(), more.shm().name()};
    EXPECT_EQ(manager.segments(), names);
    EXPECT_TRUE(is_there(names[0]));
  }
  for (const std::string& name : names) {
    EXPECT_FALSE(is_there(name));
  }
}

TEST_P(SharedMemoryManagers, UnlinkAtShutdownWhatIsLeft) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "a name goes with the last who has the memory";
  }
  mp::SharedMemoryManager manager = started();
  const mp::SharedMemory memory = manager.SharedMemory(1);
  const mp::SharedMemory unlinked = manager.SharedMemory(1);
  unlinked.unlink();
  manager.shutdown();
  EXPECT_FALSE(is_there(memory.name()));
  EXPECT_EQ(memory.buf().size(), memory.size());
}

TEST_P(SharedMemoryManagers, NeedTheirServer) {
  mp::SharedMemoryManager manager;
  EXPECT_THROW(manager.SharedMemory(1), mp::AssertionError);
  EXPECT_THROW(manager.ShareableList({1}), mp::AssertionError);
  manager.start();
  EXPECT_THROW(manager.SharedMemory(0), mp::ValueError);
}

}  // namespace
