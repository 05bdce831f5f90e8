// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bootstrap.hpp>

#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/logging.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::Child;

class Bootstrap : public testing::Test {
 protected:
  explicit Bootstrap(bool forks_us) : ticket_(reserve_participant(forks_us)) {
    record_->daemon = true;
    record_->start_method = StartMethod::spawn;
  }
  ~Bootstrap() override { note_end(ticket_); }

  const std::shared_ptr<ProcessRecord> record_ = make_record("Thing");
  const Ticket ticket_;
};

class BootstrapByMessage : public Bootstrap {
 protected:
  BootstrapByMessage() : Bootstrap(false) {}

  template <class... Work>
  Offset pack(Work... work) {
    return pack_start(
        *record_, [&](OutputArchive& out) { Job::make(work...).save(out); }, ticket_, beside_);
  }

  /// The exit code of a child that got the message.
  int live(Offset payload) {
    const os::Pipe line = os::make_pipe();
    Child child([&] {
      enter_as(ticket_);
      os::end_process(live_from_message(ticket_, payload, std::move(beside_.descriptors()),
                                        os::duplicate(line.read.get())));
    });
    name_participant(ticket_, child.pid());
    return child.wait();
  }

  Outgoing beside_{true};
};

class BootstrapAsCopy : public Bootstrap {
 protected:
  BootstrapAsCopy() : Bootstrap(true) {}

  int live_as_copy_of_us(const std::function<void()>& work) {
    const Birth birth = prepare_birth(record_, ticket_);
    os::Started started = os::fork_process();
    if (started.pid == 0) {
      os::end_process(live_as_copy(birth, std::move(started.sentinel), work));
    }
    name_participant(ticket_, started.pid);
    os::wait_ended(started.sentinel.get(), os::never);
    return os::take_exit_code(started.sentinel.get()).value();
  }
};

/// What a child knows of itself and of where it comes from.
void require_ourselves(const std::string& name, int parent, const std::string& folder) {
  const auto own = this_process();
  test::require(own->name == name && own->class_name == "Thing" && name.ends_with(own->identity));
  test::require(own->daemon && own->started && own->pid == getpid() && own->ticket);
  test::require(own->authkey->bytes().size() == 32);
  test::require(parent_record()->name == "MainProcess" && parent_record()->pid == parent);
  test::require(bool(parent_record()->life_line));
  test::require(chosen_start_method() == StartMethod::spawn);
  test::require(std::filesystem::current_path() == folder && !in_bootstrap());
  test::require(processes_made() == 0);
}

TEST_F(BootstrapByMessage, TellsAChildWhoItIs) {
  const std::string folder = std::filesystem::current_path();
  const Offset payload = pack(require_ourselves, record_->name, getpid(), folder);
  std::filesystem::current_path("/");  // the child does not stay where it was started
  EXPECT_EQ(live(payload), 0);
  std::filesystem::current_path(folder);
}

TEST_F(BootstrapAsCopy, BecomesWhoItIs) {
  EXPECT_EQ(live_as_copy_of_us([this, parent = getpid()] {
              require_ourselves(record_->name, parent, std::filesystem::current_path());
            }),
            0);
  EXPECT_EQ(current_process_name(), "MainProcess");
  EXPECT_FALSE(record_->started);
}

TEST_F(BootstrapByMessage, TheKeyAndTheLogTravel) {
  get_logger().set_level(DEBUG);
  const auto key = this_process()->authkey->bytes();
  const std::string text(reinterpret_cast<const char*>(key.data()), key.size());
  const Offset payload = pack(
      [](const std::string& expected) {
        const auto here = this_process()->authkey->bytes();
        test::require(std::string(reinterpret_cast<const char*>(here.data()), here.size()) ==
                      expected);
        test::require(get_logger().level() == DEBUG);
      },
      text);
  get_logger().set_level(NOTSET);
  EXPECT_EQ(live(payload), 0);
}

void knock(const Lock& lock, const Fd& fd) {
  test::require(!lock.acquire(false));
  test::require(write(fd.fileno(), "!", 1) == 1);
}

TEST_F(BootstrapByMessage, HandlesAndDescriptorsTravelBesideTheBytes) {
  const Lock lock;
  lock.acquire();
  os::Pipe pipe = os::make_pipe();
  const Offset payload = pack(knock, lock, Fd(dup(static_cast<int>(pipe.write.get()))));
  EXPECT_EQ(beside_.descriptors().size(), 1U);
  EXPECT_EQ(beside_.refs().size(), 2U);
  EXPECT_EQ(live(payload), 0);
  EXPECT_TRUE(os::wait_readable(pipe.read.get(), os::at_once));
  lock.release();
}

TEST_F(BootstrapByMessage, TheExitCodeIsPythons) {
  EXPECT_EQ(live(pack([] { multiprocess::exit(258); })), 2);
  EXPECT_EQ(exit_code(ticket_), 2);
}

TEST_F(BootstrapByMessage, WhatNobodyCatchesIsPrinted) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(live(pack([] { throw std::runtime_error("lost"); })), 1);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("Process " + record_->name + ":"), std::string::npos) << text;
  EXPECT_NE(text.find("lost"), std::string::npos) << text;
}

TEST_F(BootstrapByMessage, AMessageWithoutWorkIsAnError) {
  testing::internal::CaptureStderr();
  const Offset payload = pack_start(
      *record_, [](OutputArchive&) {}, ticket_, beside_);
  EXPECT_EQ(live(payload), 1);
  EXPECT_FALSE(testing::internal::GetCapturedStderr().empty());
}

TEST_F(BootstrapByMessage, IsReadInTheOrderOfItsUse) {
  const Message message(pack_start(
      *record_, [](OutputArchive& out) { Job::make([] {}).save(out); }, this_participant(),
      beside_));
  std::string name;
  const auto note_name = [&](Preparation&& told) { name = told.name; };
  EXPECT_TRUE(read_start(message.bytes(), note_name));
  EXPECT_EQ(name, record_->name);

  const Bytes without_work = message.bytes().first(message.bytes().size() - 1);
  name.clear();
  EXPECT_THROW(read_start(without_work, note_name), ValueError);
  EXPECT_EQ(name, record_->name) << "who it is stands in the report";

  std::vector<std::byte> too_long(message.bytes().begin(), message.bytes().end());
  too_long.push_back(std::byte{0});
  EXPECT_THROW(read_start(too_long, note_name), ValueError);
}

TEST_F(BootstrapAsCopy, ExitStepsAndForkCallsAreTheChildsOwn) {
  const ExitCall fork_call = after_fork([] { std::fputs("forked ", stderr); });
  const ExitCall exit_call = at_exit([] { std::fputs("parent's ", stderr); });
  testing::internal::CaptureStderr();
  EXPECT_EQ(live_as_copy_of_us([] { at_exit([] { std::fputs("child's", stderr); }); }), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "forked child's");
  fork_call.cancel();
  exit_call.cancel();
}

TEST_F(BootstrapByMessage, TheMessageIsTheChilds) {
  const Lock lock;
  const test::Use before = test::use_now();
  pack([](const Lock&) {}, lock);
  EXPECT_GT(test::use_now().private_blocks, before.private_blocks);
  cancel_participant(ticket_);  // it never came to life
  EXPECT_EQ(test::use_now().private_blocks, before.private_blocks);
}

TEST_F(BootstrapByMessage, WorkThatCannotCrossLeavesNothing) {
  const Lock lock;
  const test::Use before = test::use_now();
  int here = 0;
  EXPECT_THROW(pack([where = &here](const Lock&) { ++*where; }, lock), NotSendable);
  EXPECT_EQ(test::use_now().private_blocks, before.private_blocks);
}

}  // namespace
}  // namespace multiprocess::detail
