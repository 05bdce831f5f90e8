// SPDX-License-Identifier: BSD-3-Clause
// Nobody without the key gets in, nobody with another one, and it shows nowhere.
#include <multiprocess/listener.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>

#include "support/child.hpp"
#include "support/hex.hpp"
#include "support/listening.hpp"
#include "support/memory_image.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::connection::Client;
using mp::connection::Listener;
using mp::connection::Options;
using mp::test::Child;
using mp::test::Gate;

namespace {

class Keys : public testing::TestWithParam<bool> {
 protected:
  static Options with(const char* key) { return {.authkey = key, .strict = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Form, Keys, testing::Bool(), [](const auto& each) {
  return std::string(each.param ? "strict" : "python");
});

TEST_P(Keys, AWrongOneIsRefusedAndTheListenerGoesOn) {
  Listener listener({"127.0.0.1", 0}, with("secret"));
  for (const char* const wrong : {"Secret", "secre", "secrets", "x"}) {
    std::jthread client(
        [&] { EXPECT_THROW(Client(listener.address(), with(wrong)), mp::AuthenticationError); });
    EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
  }
  EXPECT_NO_THROW(mp::test::meet(listener, with("secret")));
}

TEST_P(Keys, AnEmptyOneIsNone) {
  EXPECT_THROW(Listener({"127.0.0.1", 0}, with("")), mp::ValueError);
  const Listener listener({"127.0.0.1", 0}, with("secret"));
  EXPECT_THROW(Client(listener.address(), with("")), mp::ValueError);
}

TEST_P(Keys, NoneIsNotEnough) {
  Listener listener({"127.0.0.1", 0}, with("secret"));
  const mp::Connection client = Client(listener.address());
  client.send_bytes("let me in");
  EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A key that this program does not contain.
std::vector<std::byte> the_key() {
  const mp::AuthenticationString key = mp::current_process().authkey();
  return {key.begin(), key.end()};
}

bool contains(const std::string& text, const std::vector<std::byte>& key) {
  return text.find(std::string(reinterpret_cast<const char*>(key.data()), key.size())) !=
             std::string::npos ||
         text.find(mp::test::to_hex(key)) != std::string::npos;
}

class KeysOfProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(KeysOfProcesses);

void wait_with_a_listener(const mp::Connection& parent, Listener listener) {
  const Listener own(Options{.authkey = mp::current_process().authkey()});
  mp::Connection accepted = listener.accept(20s);
  parent.send(true);
  parent.recv<bool>();
}

TEST_P(KeysOfProcesses, AreNeitherInArgumentsNorEnvironmentNorCore) {
  if (mp::test::under_address_sanitizer && GetParam() == mp::StartMethod::fork) {
    GTEST_SKIP() << "the sanitizer keeps what earlier tests have freed, and a fork copies it";
  }
  const Options options{.authkey = mp::current_process().authkey(), .strict = true};
  Listener listener({"127.0.0.1", 0}, options);
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(wait_with_a_listener, there, listener);
  const mp::Connection connection = Client(listener.address(), options);
  here.recv<bool>();
  const auto key = the_key();  // not earlier: a forked child would have a copy of it
  const std::string proc = "/proc/" + std::to_string(child.pid());
  EXPECT_FALSE(contains(read_file(proc + "/cmdline"), key));
  EXPECT_FALSE(contains(read_file(proc + "/environ"), key));
  EXPECT_EQ(mp::test::places_in_core(child.pid(), key), std::vector<std::string>());
  here.send(true);
  child.join(mp::test::plenty);
}

TEST(KeysInMemory, AreFoundByThisTestWhereTheyAre) {
  std::vector<std::byte> key = the_key();
  EXPECT_NE(mp::test::places_in_core(getpid(), key), std::vector<std::string>());
}

}  // namespace
