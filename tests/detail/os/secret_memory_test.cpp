// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/secret_memory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace multiprocess::detail::os {
namespace {

TEST(SecretMemory, IsOverwrittenWhenItIsGivenBack) {
  std::byte* const memory = take_secret_memory(32);
  std::fill_n(memory, 32, std::byte{7});
  give_back_secret_memory(memory, 32);
  EXPECT_TRUE(std::all_of(memory, memory + 32, [](std::byte each) { return each == std::byte{}; }));
}

TEST(SecretMemory, HasAnySizeAndNumber) {
  std::vector<std::pair<std::byte*, std::size_t>> all;
  for (const std::size_t size : {0U, 1U, 64U, 65U, 4000U, 4096U, 4097U, 100'000U}) {
    for (int i = 0; i < 40; ++i) {
      std::byte* const memory = take_secret_memory(size);
      std::fill_n(memory, size, static_cast<std::byte>(all.size()));
      all.emplace_back(memory, size);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [memory, size] = all[i];
    EXPECT_EQ(std::count(memory, memory + size, static_cast<std::byte>(i)),
              static_cast<std::ptrdiff_t>(size));
    give_back_secret_memory(memory, size);
  }
}

TEST(SecretMemory, IsForAllThreads) {
  std::vector<std::jthread> threads;
  for (int number = 1; number <= 4; ++number) {
    threads.emplace_back([number] {
      for (int i = 0; i < 2000; ++i) {
        const auto size = static_cast<std::size_t>(1 + i % 200);
        std::byte* const memory = take_secret_memory(size);
        std::fill_n(memory, size, static_cast<std::byte>(number));
        EXPECT_EQ(memory[size - 1], static_cast<std::byte>(number));
        give_back_secret_memory(memory, size);
      }
    });
  }
}

}  // namespace
}  // namespace multiprocess::detail::os
