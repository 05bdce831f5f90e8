// SPDX-License-Identifier: BSD-3-Clause
// Who may come at all: of which user, how many, and what lies at the path before.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>

#include "support/child.hpp"
#include "support/file_mode.hpp"
#include "support/handle_limit.hpp"
#include "support/listening.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
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

/// With Python's handshake and with the strict one, on TCP and at a path.
class SilentPeers : public testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr std::size_t count = 1000;
  static constexpr int served = 5;
  static constexpr auto most = 100ms;

  static mp::connection::Options options() {
    return {.authkey = "secret", .strict = std::get<1>(GetParam())};
  }
  static Address place() {
    return std::get<0>(GetParam()) == std::string("tcp") ? Address("127.0.0.1", 0) : Address();
  }

  /// What a client waits until it is served.
  Duration wait_of_a_client() {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(Client(listener_.address(), options()).recv<int>(), 7);
    return std::chrono::steady_clock::now() - begun;
  }

  void serve(int clients) {
    while (clients != 0) {
      try {
        listener_.accept(20s).send(7);
        --clients;
      } catch (const mp::AuthenticationError&) {  // one of the silent, whose time was over
      }
    }
  }

  /// Of some clients among silent peers, the one that waits longest. Whoever comes right behind a
  /// crowd waits until the last of it has been let in, which is work and not silence: that one is
  /// served, and does not count.
  Duration slowest_among_silent() {
    const std::jthread server([this] { serve(1 + served); });
    std::vector<os::Handle> silent;
    while (silent.size() < count) {
      silent.push_back(os::connect_to(listener_.address().where(), os::never));
    }
    wait_of_a_client();
    Duration slowest{};
    for (int i = 0; i < served; ++i) {
      slowest = std::max(slowest, wait_of_a_client());
    }
    return slowest;
  }

 private:
  Listener listener_{place(), options()};
};

TEST_P(SilentPeers, DelayNobody) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < count + 100) {
    GTEST_SKIP() << "this process may not have so many descriptors";
  }
  const mp::test::HandleLimit enough(files.rlim_max);
  Duration slowest = slowest_among_silent();
  // Again where the machine itself was late: if it is the silent who delay, they always do.
  for (const auto end = std::chrono::steady_clock::now() + 15s;
       slowest > most && std::chrono::steady_clock::now() < end;) {
    slowest = slowest_among_silent();
  }
  EXPECT_LE(slowest, most);
}

INSTANTIATE_TEST_SUITE_P(Handshake, SilentPeers,
                         testing::Combine(testing::Values("tcp", "path"), testing::Bool()),
                         [](const auto& each) {
                           return std::string(std::get<0>(each.param)) +
                                  (std::get<1>(each.param) ? "_strict" : "_python");
                         });

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

/// Whatever the user's umask allows to others, from the first moment on.
TEST(OwnPath, IsForThisUserAlone) {
  const std::string folder = testing::TempDir() + "own-path-" + std::to_string(getpid());
  fs::create_directory(folder);
  const mode_t before = umask(0);
  {
    const Listener listener(folder + "/listener");
    EXPECT_EQ(mp::test::mode_of(folder + "/listener"), 0600U);
    mp::SyncManager manager(Address(folder + "/manager"), "secret");
    manager.start();
    EXPECT_EQ(mp::test::mode_of(folder + "/manager"), 0600U);
  }
  umask(before);
  EXPECT_TRUE(fs::is_empty(folder));
  fs::remove_all(folder);
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
