// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/info.hpp>

#include <multiprocess/detail/os/mapping.hpp>

#include "support/latch.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <thread>
#include <vector>

namespace os = multiprocess::detail::os;
namespace fs = std::filesystem;
using multiprocess::test::Latch;

namespace {

TEST(OsInfoProcess, KnowsItself) {
  EXPECT_GT(os::current_pid(), 0);
  EXPECT_EQ(fs::path(os::executable_path()).filename(), fs::path(os::program_name()).filename());
  EXPECT_EQ(fs::path(os::current_directory()), fs::current_path());
  EXPECT_TRUE(os::on_main_thread());
  EXPECT_EQ(os::current_thread_number(), os::current_pid());
}

TEST(OsInfoProcess, MayUseSomeOfTheCpus) {
  EXPECT_GE(os::usable_cpu_count(), 1);
  EXPECT_LE(os::usable_cpu_count(), os::hardware_cpu_count());
}

TEST(OsInfoProcess, CountsItsThreads) {
  const int before = os::thread_count();
  Latch runs(1);
  Latch end(1);
  std::thread thread([&] {
    EXPECT_FALSE(os::on_main_thread());
    EXPECT_NE(os::current_thread_number(), os::current_pid());
    runs.count_down();
    end.wait();
  });
  runs.wait();
  EXPECT_EQ(os::thread_count(), before + 1);
  end.count_down();
  thread.join();
}

/// How much the private memory of this process grows with that.
template <class Call>
std::int64_t growth(Call call) {
  const std::uint64_t before = os::private_memory();
  call();
  return static_cast<std::int64_t>(os::private_memory() - before);
}

constexpr std::int64_t mebibyte = 1 << 20;

TEST(OsInfoProcess, KnowsTheMemoryThatIsItsOwn) {
  std::vector<char> own;
  const std::int64_t size = 64 * mebibyte;
  EXPECT_GE(growth([&] { own.assign(size, 'x'); }), size - 8 * mebibyte);
  EXPECT_LE(growth([&] { std::ranges::fill(own, 'y'); }), 8 * mebibyte) << "it is there already";
}

TEST(OsInfoProcess, WhatItSharesIsNotItsOwn) {
  if (multiprocess::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer has private memory for each byte that is written";
  }
  constexpr std::size_t size = 64 * mebibyte;
  EXPECT_LE(growth([] {
              os::SharedMapping shared = os::SharedMapping::create(size, size);
              shared.commit(0, size);
              std::ranges::fill(std::span(shared.data(), size), std::byte{1});
            }),
            8 * mebibyte);
}

}  // namespace
