// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/module_ref.hpp>

#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

namespace multiprocess::detail {
namespace {

const int constant = 1;
int variable = 2;

std::uintptr_t address_of(const void* place) {
  return reinterpret_cast<std::uintptr_t>(place);
}

std::vector<std::byte> saved(const ModuleRef& ref) {
  ByteBuffer buffer;
  OutputArchive archive(buffer);
  save_ref(archive, ref);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

ModuleRef loaded(Bytes bytes, os::Memory memory) {
  InputArchive archive(bytes);
  return load_ref(archive, memory);
}

TEST(ModuleRef, FindsWhatItWasMadeOf) {
  for (const void* place :
       {static_cast<const void*>(&constant), static_cast<const void*>(&variable)}) {
    EXPECT_EQ(loaded(saved(module_ref(place)), os::Memory::none).address(), address_of(place));
  }
  EXPECT_FALSE(loaded(saved(ModuleRef()), os::Memory::code));
}

TEST(ModuleRef, LeadsIntoLibraries) {
  const auto function = reinterpret_cast<std::uintptr_t>(&std::abort);
  const ModuleRef ref = module_ref(function);
  ASSERT_TRUE(ref);
  EXPECT_EQ(loaded(saved(ref), os::Memory::code).address(), function);
}

TEST(ModuleRef, IsFalseOutsideOfModules) {
  const int local = 0;
  EXPECT_FALSE(module_ref(&local));
  EXPECT_FALSE(module_ref(std::make_unique<int>().get()));
  EXPECT_FALSE(module_ref(std::uintptr_t{0}));
}

TEST(ModuleRef, KnowsConstantsFromVariablesAndCode) {
  const auto bytes = saved(module_ref(&variable));
  EXPECT_NO_THROW(loaded(bytes, os::Memory::variable));
  EXPECT_THROW(loaded(bytes, os::Memory::constant), ValueError);
  EXPECT_THROW(loaded(bytes, os::Memory::code), ValueError);
  EXPECT_NO_THROW(loaded(saved(module_ref(&constant)), os::Memory::constant));
}

TEST(ModuleRef, NamesTheModuleOnceInAMessage) {
  ByteBuffer buffer;
  OutputArchive archive(buffer);
  save_ref(archive, module_ref(&constant));
  const std::size_t first = archive.position();
  save_ref(archive, module_ref(&constant));
  EXPECT_LE(first, 16U);
  EXPECT_LE(archive.position() - first, 6U);
}

TEST(ModuleRef, RefusesAnotherBuild) {
  auto bytes = saved(module_ref(&constant));
  bytes[2] ^= std::byte{1};  // in the build's number, behind the module's number and kind
  try {
    loaded(bytes, os::Memory::none);
    FAIL();
  } catch (const NotSendable& error) {
    EXPECT_NE(std::string(error.what()).find("differs between the two processes"),
              std::string::npos);
  }
}

TEST(ModuleRef, RefusesALibraryThatIsNotThere) {
  const os::Module other{"/nowhere/plugin.so", false, 0, 42, {}};
  try {
    loaded(saved(ModuleRef{&other, 16}), os::Memory::none);
    FAIL();
  } catch (const NotSendable& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/plugin.so"), std::string::npos);
  }
}

TEST(ModuleRef, RefusesPlacesOutsideOfTheModule) {
  const ModuleRef ref = module_ref(&constant);
  EXPECT_THROW(loaded(saved(ModuleRef{ref.module, std::uint64_t{1} << 40}), os::Memory::none),
               ValueError);
}

TEST(ModuleRef, KnowsTheBuildOfTheProgram) {
  EXPECT_NE(build_id_hash(), 0U);
  EXPECT_EQ(build_id_hash(), os::main_module().build_id);
}

}  // namespace
}  // namespace multiprocess::detail
