// SPDX-License-Identifier: BSD-3-Clause
// Who may come at all: of which user, how many, and what lies at the path before.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/child.hpp"
#include "support/listening.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::Child;
using mp::test::require;

namespace {

TEST(SilentPeers, DelayNobody) {
  constexpr std::size_t wanted = 1000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit before = files;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < wanted + 100) {
    GTEST_SKIP() << "this process may not have so many descriptors";
  }
  Listener listener({"127.0.0.1", 0}, {.authkey = "secret"});
  std::jthread server([&listener] {
    for (int served = 0; served < 5;) {
      try {
        listener.accept(20s).send(served);
        ++served;
      } catch (const mp::AuthenticationError&) {  // one of the silent, whose time was over
      }
    }
  });
  std::vector<os::Handle> silent;
  for (std::size_t i = 0; i < wanted; ++i) {
    silent.push_back(os::connect_to(listener.address().where(), os::never));
  }
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 5; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(Client(listener.address(), {.authkey = "secret"}).recv<int>(), i);
    fastest = std::min(fastest, std::chrono::steady_clock::now() - begun);
  }
  // The best of five: the machine may have other things to do.
  EXPECT_LE(fastest, 100ms);
  setrlimit(RLIMIT_NOFILE, &before);
}

/// Runs as nobody; only the administrator can try that.
class OtherUser : public testing::Test {
 protected:
  static constexpr uid_t nobody = 65534;

  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can become another user";
    }
  }
  static void become_nobody() { require(setuid(nobody) == 0); }
};

TEST_F(OtherUser, CannotReachThePath) {
  const Listener listener({.authkey = "secret"});
  Child other([&] {
    become_nobody();
    try {
      Client(listener.address(), {.authkey = "secret"});
      require(false);
    } catch (const std::system_error& error) {
      require(error.code() == std::errc::permission_denied);
    }
  });
  EXPECT_EQ(other.wait(), 0);
}

/// A path, and a name without a file, that everybody can reach.
class OtherUserThere : public OtherUser {
 protected:
  static Address name() {
    return {std::string(1, '\0') + "mp-test-user-" + std::to_string(getpid())};
  }
};

TEST_F(OtherUserThere, IsRefusedBeforeItSaysAnything) {
  for (const bool keyed : {false, true}) {
    Listener listener(
        name(), keyed ? mp::connection::Options{.authkey = "secret"} : mp::connection::Options{});
    const Address address = listener.address();
    Child other([&] {
      become_nobody();
      const os::Handle stream = os::connect_to(address.where(), os::never);
      std::array<std::byte, 1> got{};
      require(!os::read_all(stream.get(), got));  // not even a challenge
    });
    EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
    EXPECT_EQ(other.wait(), 0);
  }
}

TEST_F(OtherUserThere, IsNoListenerToConnectTo) {
  const Address address = name();
  mp::test::Gate ready;
  Child other([&] {
    become_nobody();
    const os::Handle listening = os::listen_at(address.where(), 1);
    ready.open();
    mp::test::wait_to_be_killed();
  });
  ready.wait();
  try {
    Client(address, {.authkey = "secret"});
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
  }
}

TEST(PlantedPath, IsNotFollowed) {
  const Listener for_its_folder;
  const fs::path folder = fs::path(for_its_folder.address().path()).parent_path();
  const fs::path victim = folder / "victim";
  const fs::path planted = folder / "planted";
  fs::create_symlink(victim, planted);
  EXPECT_THROW(Listener{planted.string()}, std::system_error);
  EXPECT_FALSE(fs::exists(victim));
  EXPECT_TRUE(fs::is_symlink(planted)) << "and not removed either";
  fs::remove(planted);
}

TEST(PlantedPath, IsNotRemovedInPlaceOfOurs) {
  const Listener for_its_folder;
  const fs::path folder = fs::path(for_its_folder.address().path()).parent_path();
  const fs::path path = folder / "ours";
  const fs::path victim = folder / "victim";
  const Listener other(victim.string());
  {
    const Listener listener(path.string());
    fs::remove(path);
    fs::create_symlink(victim, path);
  }
  EXPECT_TRUE(fs::is_symlink(path));
  EXPECT_TRUE(fs::exists(victim));
  fs::remove(path);
}

}  // namespace
