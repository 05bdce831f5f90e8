// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_memory.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/serialization.hpp>

#include "support/child.hpp"
#include "support/python.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::require;

namespace {

static_assert(std::is_nothrow_copy_constructible_v<mp::SharedMemory>, "closures may capture it");
static_assert(mp::sendable<mp::SharedMemory>);
static_assert(!std::is_default_constructible_v<mp::SharedMemory>);

std::errc error_of(auto call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().value());
  }
  return {};
}

std::string own_name(const char* what) {
  return "mp_test_" + std::to_string(getpid()) + "_" + what;
}

/// Unlinked when the test is over.
class Block : public mp::SharedMemory {
 public:
  explicit Block(std::size_t size, std::string name = {})
      : mp::SharedMemory(create(size, std::move(name))) {}
  ~Block() {
    error_of([this] { unlink(); });
  }
};

TEST(SharedMemory, IsFoundByItsName) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "as on Windows: SharedMemoryOfWindows";
  }
  const Block memory(1000);
  EXPECT_TRUE(memory.name().starts_with("psm_")) << memory.name();
  EXPECT_EQ(memory.name().size(), 12U);
  EXPECT_EQ(memory.size(), 1000U);
  EXPECT_EQ(memory.buf().size(), 1000U);
  EXPECT_EQ(memory.as<std::int64_t>().size(), 125U);
  EXPECT_TRUE(std::ranges::all_of(memory.as<char>(), [](char each) { return each == 0; }));
  const mp::SharedMemory other(memory.name());
  other.as<int>()[3] = 7;
  EXPECT_EQ(memory.as<int>()[3], 7);
  EXPECT_EQ(other, memory);
  EXPECT_NE(Block(1), memory);
  EXPECT_EQ(fmt::format("{}", other), "SharedMemory('" + memory.name() + "', size=1000)");
}

TEST(SharedMemory, HasTheNameThatItIsGiven) {
  const Block memory(10, own_name("given"));
  EXPECT_EQ(memory.name(), own_name("given"));
  EXPECT_EQ(mp::SharedMemory("/" + own_name("given")).name(), own_name("given"));
  EXPECT_EQ(error_of([&] { mp::SharedMemory::create(10, memory.name()); }), std::errc::file_exists);
  const Block odd(10, own_name(": and\nmore"));
  EXPECT_EQ(mp::SharedMemory(odd.name()), odd);
}

TEST(SharedMemory, RefusesWhatCannotBe) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "as on Windows: SharedMemoryOfWindows";
  }
  EXPECT_THROW(mp::SharedMemory::create(0), mp::ValueError);
  constexpr auto negative = static_cast<std::size_t>(-1);
  EXPECT_THROW(mp::SharedMemory::create(negative), mp::ValueError);
  EXPECT_THROW((void)mp::SharedMemory(std::string()), mp::ValueError);
  EXPECT_EQ(error_of([] { mp::SharedMemory("mp_test_nothing"); }),
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of([] { mp::SharedMemory::create(1, "a/b"); }), std::errc::invalid_argument);
  EXPECT_EQ(error_of([] { mp::SharedMemory::create(std::size_t{1} << 60); }),
            std::errc::not_enough_memory);
}

TEST(SharedMemory, CloseIsThisHandleOnly) {
  const Block block(10);
  mp::SharedMemory memory = block;
  const mp::SharedMemory copy = memory;
  const mp::SharedMemory attached(memory.name());
  memory.close();
  memory.close();
  EXPECT_TRUE(memory.buf().empty());
  EXPECT_TRUE(memory.as<int>().empty());
  EXPECT_EQ(memory.size(), 10U);
  copy.buf()[0] = std::byte{1};
  EXPECT_EQ(attached.buf()[0], std::byte{1});
  memory = copy;
  EXPECT_EQ(memory.buf()[0], std::byte{1});
}

TEST(SharedMemory, IsUnlinkedOnce) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "as on Windows: SharedMemoryOfWindows";
  }
  const Block memory(10);
  const mp::SharedMemory attached(memory.name());
  attached.unlink();
  EXPECT_EQ(error_of([&] { memory.unlink(); }), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of([&] { mp::SharedMemory{memory.name()}; }),
            std::errc::no_such_file_or_directory);
  memory.buf()[0] = std::byte{1};
  EXPECT_EQ(attached.buf()[0], std::byte{1}) << "those who have it keep it";
}

TEST(SharedMemory, CrossesByItsName) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "as on Windows: SharedMemoryOfWindows";
  }
  const Block memory(10);
  memory.buf()[9] = std::byte{5};
  const auto received = mp::loads<mp::SharedMemory>(mp::dumps<mp::SharedMemory>(memory));
  EXPECT_EQ(received.buf()[9], std::byte{5});
  const std::vector<std::byte> bytes = mp::dumps<mp::SharedMemory>(memory);
  memory.unlink();
  EXPECT_EQ(error_of([&] { mp::loads<mp::SharedMemory>(bytes); }),
            std::errc::no_such_file_or_directory);
}

class SharedMemoryProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(SharedMemoryProcesses);

TEST_P(SharedMemoryProcesses, TravelsAsArgumentCaptureAndItem) {
  const Block block(100);
  const mp::SharedMemory memory = block;
  const mp::Queue<mp::SharedMemory> queue;
  const auto [here, there] = mp::Pipe();
  queue.put(memory);
  here.send(memory);
  EXPECT_EQ(exitcode_of(
                [memory, queue, end = there](const mp::SharedMemory& argument) {
                  require(argument == memory && queue.get(plenty) == memory);
                  require(end.recv<mp::SharedMemory>() == memory);
                  std::iota(memory.as<int>().begin(), memory.as<int>().end(), 0);
                  argument.close();
                  require(memory.as<int>()[3] == 3);
                },
                memory),
            0);
  EXPECT_EQ(memory.as<int>()[24], 24);
  EXPECT_EQ(mp::SharedMemory(memory.name()), memory) << "the child has ended and destroyed nothing";
}

TEST_P(SharedMemoryProcesses, AnyProcessMayUnlink) {
  if (!multiprocess::test::names_of_memory_stay) {
    GTEST_SKIP() << "as on Windows: SharedMemoryOfWindows";
  }
  const mp::Queue<mp::SharedMemory> queue;
  mp::Process maker = start([queue] { queue.put(mp::SharedMemory::create(10)); });
  const mp::SharedMemory memory = queue.get(plenty);
  EXPECT_TRUE(maker.join(plenty));
  EXPECT_EQ(exitcode_of([memory] { memory.unlink(); }), 0);
  EXPECT_EQ(error_of([&] { memory.unlink(); }), std::errc::no_such_file_or_directory);
}

class SharedMemoryWithPython : public testing::Test {
 protected:
  void SetUp() override {
    if (!mp::test::has_python()) {
      GTEST_SKIP() << "there is no python3";
    }
  }
};

TEST_F(SharedMemoryWithPython, PythonAttachesToOurs) {
  const Block memory(4096);
  memory.as<int>()[1] = 42;
  EXPECT_EQ(mp::test::python(R"(
shm = SharedMemory(sys.argv[1])
leave(shm)
view = shm.buf.cast("i")
print(shm.name, shm.size, view[0], view[1])
view[2] = 43
view.release()
shm.close()
)",
                             {memory.name()}),
            fmt::format("{} 4096 0 42\n", memory.name()));
  EXPECT_EQ(memory.as<int>()[2], 43);
}

TEST_F(SharedMemoryWithPython, WeAttachToPythons) {
  const std::string name = mp::test::python(R"(
shm = SharedMemory(create=True, size=100)
leave(shm)
shm.buf[99] = 9
print(shm.name, end="")
)");
  const mp::SharedMemory memory(name);
  EXPECT_EQ(memory.size(), 100U);
  EXPECT_EQ(memory.buf()[99], std::byte{9});
  memory.unlink();
}

TEST_F(SharedMemoryWithPython, PythonSeesTheSameErrors) {
  const Block memory(10);
  EXPECT_EQ(mp::test::python(R"(
try:
    SharedMemory(sys.argv[1], create=True, size=10)
except FileExistsError:
    print("exists")
shm = SharedMemory(sys.argv[1])
shm.unlink()
)",
                             {memory.name()}),
            "exists\n");
  EXPECT_EQ(error_of([&] { memory.unlink(); }), std::errc::no_such_file_or_directory);
}

}  // namespace
