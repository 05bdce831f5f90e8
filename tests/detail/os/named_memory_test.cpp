// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/named_memory.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace os = multiprocess::detail::os;
using multiprocess::test::Child;
using os::NamedMemory;

namespace {

/// No other test's, and no other run's.
std::string own_name(const char* what) {
  return "mp_test_" + std::to_string(getpid()) + "_" + what;
}

std::errc error_of(auto call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().value());
  }
  return {};
}

TEST(NamedMemory, IsOpenedByItsName) {
  const std::string name = own_name("open");
  NamedMemory made = NamedMemory::create(5000);
  EXPECT_EQ(made.size(), 5000U);
  EXPECT_TRUE(std::all_of(made.data(), made.data() + made.size(),
                          [](std::byte each) { return each == std::byte{0}; }));
  EXPECT_EQ(error_of([&] { NamedMemory::open(name); }), std::errc::no_such_file_or_directory);
  made.publish(name);
  const NamedMemory opened = NamedMemory::open(name);
  EXPECT_EQ(opened.size(), 5000U);
  EXPECT_EQ(opened.id(), made.id());
  made.data()[4999] = std::byte{1};
  EXPECT_EQ(opened.data()[4999], std::byte{1});
  os::remove_name(name);
  EXPECT_EQ(error_of([&] { os::remove_name(name); }), std::errc::no_such_file_or_directory);
  made.data()[0] = std::byte{2};
  EXPECT_EQ(opened.data()[0], std::byte{2}) << "those who have it keep it";
}

TEST(NamedMemory, ANameIsGivenOnce) {
  const std::string name = own_name("once");
  NamedMemory first = NamedMemory::create(1);
  NamedMemory second = NamedMemory::create(1);
  EXPECT_NE(first.id(), second.id());
  first.publish(name);
  EXPECT_EQ(error_of([&] { second.publish(name); }), std::errc::file_exists);
  EXPECT_FALSE(os::remove_name_of(name, second.id()));
  EXPECT_TRUE(os::remove_name_of(name, first.id()));
  EXPECT_FALSE(os::remove_name_of(name, first.id()));
}

TEST(NamedMemory, WhatIsNoNameIsRefused) {
  NamedMemory memory = NamedMemory::create(1);
  for (const std::string& name : {std::string(), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(error_of([&] { memory.publish(name); }), std::errc::invalid_argument) << name;
    EXPECT_EQ(error_of([&] { NamedMemory::open(name); }), std::errc::invalid_argument) << name;
    EXPECT_EQ(error_of([&] { os::remove_name(name); }), std::errc::invalid_argument) << name;
  }
  const std::string long_name(300, 'x');
  EXPECT_EQ(error_of([&] { memory.publish(long_name); }), std::errc::filename_too_long);
}

TEST(NamedMemory, OnlyTheUserMayOpenIt) {
  const std::string name = own_name("mode");
  const mode_t before = umask(0);
  NamedMemory memory = NamedMemory::create(1);
  umask(before);
  memory.publish(name);
  struct stat facts {};
  EXPECT_EQ(stat(("/dev/shm/" + name).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  os::remove_name(name);
}

TEST(NamedMemory, ALinkIsNotFollowed) {
  const std::string name = own_name("link");
  const std::string path = "/dev/shm/" + name;
  EXPECT_EQ(symlink("/etc/passwd", path.c_str()), 0);
  EXPECT_NE(error_of([&] { NamedMemory::open(name); }), std::errc{});
  EXPECT_EQ(error_of([&] { NamedMemory::create(1).publish(name); }), std::errc::file_exists);
  EXPECT_EQ(unlink(path.c_str()), 0);
}

TEST(NamedMemory, AShortageIsAnErrorAtOnce) {
  EXPECT_EQ(error_of([] { NamedMemory::create(std::size_t{1} << 60); }),
            std::errc::not_enough_memory);
  Child child([] {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") != 0) {
      std::puts("left out: this user may not mount");
      return;
    }
    EXPECT_EQ(error_of([] { NamedMemory::create(16 << 20); }), std::errc::no_space_on_device);
    NamedMemory fits = NamedMemory::create(512 << 10);
    std::fill_n(fits.data(), fits.size(), std::byte{1});
    // As Python makes it: nothing is there before it is used.
    const std::string path = "/dev/shm/sparse";
    std::fclose(std::fopen(path.c_str(), "w"));
    EXPECT_EQ(truncate(path.c_str(), 16 << 20), 0);
    EXPECT_EQ(error_of([] { NamedMemory::open("sparse"); }), std::errc::no_space_on_device);
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
