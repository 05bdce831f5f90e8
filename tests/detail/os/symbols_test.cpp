// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/symbols.hpp>

#include "support/system.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <typeinfo>

namespace os = multiprocess::detail::os;

namespace {

[[gnu::noinline]] int nobody_exports_this(int x) {
  return x + 1;
}

template <class F>
os::CodePlace describe(F* function) {
  return os::describe_calls(std::vector{reinterpret_cast<std::uintptr_t>(function) + 1}).at(0);
}

TEST(Symbols, NameFunctionsThatAreNotExported) {
  EXPECT_EQ(nobody_exports_this(1), 2);
  const os::CodePlace place = describe(&nobody_exports_this);
  EXPECT_NE(place.function.find("nobody_exports_this(int)"), std::string::npos) << place.function;
  EXPECT_NE(place.module.find("symbols"), std::string::npos) << place.module;
  EXPECT_NE(place.offset, 0U);
}

TEST(Symbols, NameFunctionsOfLibraries) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "libraries of Windows tell no names";
  }
  const os::CodePlace place = describe(&std::abort);
  EXPECT_NE(place.function.find("abort"), std::string::npos) << place.function;
}

TEST(Symbols, SayNothingOfWhatIsNoCode) {
  const auto places = os::describe_calls(std::vector{std::uintptr_t{16}});
  EXPECT_EQ(places.at(0).function, "");
  EXPECT_EQ(places.at(0).module, "");
}

TEST(Symbols, ReadableNamesAreTheAuthors) {
  struct Local {};
  EXPECT_EQ(os::readable_name(typeid(std::type_info).name()), "std::type_info");
  EXPECT_NE(os::readable_name(typeid(Local).name()).find("Local"), std::string::npos);
  EXPECT_EQ(os::readable_name("no linker name"), "no linker name");
}

}  // namespace
