// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/module.hpp>

#include <gtest/gtest.h>

#include <filesystem>

#include <cstdlib>
#include <memory>

namespace multiprocess::detail::os {
namespace {

int variable = 0;

std::uintptr_t address_of(const void* place) {
  return reinterpret_cast<std::uintptr_t>(place);
}

TEST(Module, IsFoundByAnAddressInIt) {
  const Module* const program = module_at(address_of(&variable));
  ASSERT_NE(program, nullptr);
  EXPECT_TRUE(program->main);
  EXPECT_EQ(program, &main_module());
  EXPECT_EQ(program->memory_at(address_of(&variable)), Memory::variable);
  EXPECT_EQ(program->memory_at(reinterpret_cast<std::uintptr_t>(&address_of)), Memory::code);
  EXPECT_EQ(program->memory_at(address_of("literal")), Memory::constant);
}

TEST(Module, OfALibraryHasAnAbsolutePath) {
  const Module* const library = module_at(
      address_of(std::getenv("PATH")) == 0 ? 0 : reinterpret_cast<std::uintptr_t>(&std::abort));
  ASSERT_NE(library, nullptr);
  EXPECT_TRUE(std::filesystem::path(library->path).is_absolute()) << library->path;
  std::string why;
  if (!library->main) {  // linked statically it is the program
    EXPECT_EQ(find_library(library->path, library->build_id, why), library);
    EXPECT_EQ(find_library("/moved/away.so", library->build_id, why), library);
  }
}

TEST(Module, ThatCannotBeLoadedSaysWhy) {
  std::string why;
  EXPECT_EQ(find_library("/nowhere/plugin.so", 1, why), nullptr);
  EXPECT_NE(why.find("/nowhere/plugin.so"), why.npos) << why;
}

TEST(Region, TellsStackFromHeapFromNothing) {
  // Not a variable: a sanitizer may keep those elsewhere.
  EXPECT_NE(region_at(address_of(__builtin_frame_address(0))).find("stack"), std::string::npos);
  EXPECT_NE(region_at(address_of(std::make_unique<int>().get())), "");
  EXPECT_EQ(region_at(0x12345000), "");
}

}  // namespace
}  // namespace multiprocess::detail::os
