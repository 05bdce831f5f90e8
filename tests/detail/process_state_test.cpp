// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/process_state.hpp>

#include <multiprocess/detail/os/info.hpp>

#include "support/system.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace detail = multiprocess::detail;

namespace {

TEST(ProcessState, TheRootIsTheMainProcess) {
  EXPECT_EQ(detail::current_process_name(), "MainProcess");
  EXPECT_EQ(detail::current_pid(), detail::os::current_pid());
  EXPECT_EQ(detail::parent_record(), nullptr);
}

TEST(ProcessState, RecordsInheritAndAreCounted) {
  const auto own = detail::this_process();
  const auto first = detail::make_record("Thing");
  const auto second = detail::make_record("Thing");
  EXPECT_EQ(std::stoi(second->identity), std::stoi(first->identity) + 1);
  EXPECT_EQ(first->name, "Thing-" + first->identity);
  EXPECT_EQ(first->authkey, own->authkey);
  EXPECT_EQ(first->daemon, own->daemon);
  EXPECT_EQ(first->creator, detail::os::current_pid());
  const unsigned made = detail::processes_made();
  detail::set_processes_made(made - 1);
  EXPECT_EQ(detail::make_record("Thing")->identity, second->identity);
}

TEST(ProcessState, ThreadsHaveLabels) {
  EXPECT_EQ(detail::current_thread_label(), "MainThread");
  std::thread([] {
    EXPECT_EQ(detail::current_thread_label(),
              "Thread-" + std::to_string(detail::os::current_thread_number()));
  }).join();
}

TEST(ProcessState, TheStartMethodIsFixedByItsUse) {
  detail::choose_start_method(std::nullopt);
  EXPECT_FALSE(detail::chosen_start_method());
  const auto usual = multiprocess::test::can_fork ? multiprocess::StartMethod::fork
                                                  : multiprocess::StartMethod::spawn;
  EXPECT_EQ(detail::fixed_start_method(), usual);
  EXPECT_EQ(detail::chosen_start_method(), usual);
}

TEST(ProcessState, NoBootstrapHere) {
  EXPECT_FALSE(detail::in_bootstrap());
}

}  // namespace
