// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/inheritance.hpp>

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::plenty;

TEST(Inheritance, ThereIsNoneInAProcessThatWasStartedOtherwise) {
  EXPECT_EQ(inherited(), nullptr);
  EXPECT_FALSE(inherited_arena());
}

/// What a started child has inherited, as it sees it.
struct Seen {
  bool none = true;
  std::uint32_t role = 0;
  Ticket ticket;
  Ticket place;
  bool arena_is_taken = false;
};

std::vector<StartMethod> methods_with_a_program() {
  std::vector<StartMethod> methods = test::tested_start_methods();
  std::erase(methods, StartMethod::fork);
  return methods;
}

class StartedProgram : public test::StartMethods {};
INSTANTIATE_TEST_SUITE_P(StartMethod, StartedProgram, testing::ValuesIn(methods_with_a_program()),
                         test::start_method_name);

TEST_P(StartedProgram, KnowsWhatItInheritedAndHasTakenTheArena) {
  const Queue<Seen> answers;
  Process p = start(
      [](const Queue<Seen>& out) {
        Seen seen;
        if (const Inherited* const all = inherited(); all != nullptr) {
          seen = {false,
                  static_cast<std::uint32_t>(all->record.role),
                  {all->record.slot, all->record.generation},
                  this_participant(),
                  !all->arena};
        }
        out.put(seen);
      },
      answers);
  const Seen seen = answers.get(plenty);
  EXPECT_TRUE(p.join(plenty));
  EXPECT_FALSE(seen.none);
  EXPECT_TRUE(seen.arena_is_taken);
  if (GetParam() == StartMethod::spawn) {
    EXPECT_EQ(seen.role, static_cast<std::uint32_t>(StartRecord::Role::child));
    EXPECT_EQ(seen.ticket, seen.place);
  } else {  // a copy of the server: that is the program that was started
    EXPECT_EQ(seen.role, static_cast<std::uint32_t>(StartRecord::Role::server));
  }
}

/// Starts this program with a record of ours; it ends before its own main.
class BadRecord : public testing::Test {
 protected:
  static std::string output_of(std::span<const std::byte> record,
                               const std::vector<os::NativeHandle>& handles) {
    testing::internal::CaptureStderr();
    const os::Started started = os::start_program({.record = record, .handles = handles});
    EXPECT_TRUE(os::wait_ended(started.sentinel.get(), os::never));
    EXPECT_EQ(os::take_exit_code(started.sentinel.get()), 1);
    return testing::internal::GetCapturedStderr();
  }

  template <class Record>
  static std::string output_of(const Record& record,
                               const std::vector<os::NativeHandle>& handles = {}) {
    return output_of(std::as_bytes(std::span(&record, 1)), handles);
  }

  static void expect(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find("This child process cannot begin"), std::string::npos) << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
};

TEST_F(BadRecord, OfAnotherSizeOrMagicIsAnotherVersions) {
  expect(output_of('x'), "another version of the multiprocess library");
  StartRecord record;
  record.magic += 1;
  expect(output_of(record), "another version of the multiprocess library");
}

TEST_F(BadRecord, PromisesMoreDescriptorsThanThereAre) {
  StartRecord record;
  expect(output_of(record), "did not get all the descriptors");
  const std::vector<os::NativeHandle> one{arena_descriptor()};
  expect(output_of(record, one), "did not get all the descriptors");
  const std::vector<os::NativeHandle> two{arena_descriptor(), os::life_line()};
  record.has_server = 1;
  expect(output_of(record, two), "did not get all the descriptors");
}

}  // namespace
}  // namespace multiprocess::detail
