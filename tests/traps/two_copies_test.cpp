// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/error.hpp>

#include "support/forked.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

// A program and its plugins, each linked with a static library of its own.

namespace multiprocess::test {
namespace {

/// Makes a Lock with the plugin's copy; what went wrong, or nothing.
class Plugin {
 public:
  explicit Plugin(const char* path) : handle_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      throw std::runtime_error(dlerror());
    }
  }

  std::string use_lock() const {
    using Use = const char* (*)();
    return reinterpret_cast<Use>(dlsym(handle_, "use_lock"))();
  }

 private:
  void* handle_;  // stays: nothing of it may go while its library is in use
};

void expect_refusal(const std::string& error) {
  if (error.find("two copies of the multiprocess library") == std::string::npos ||
      error.find("BUILD_SHARED_LIBS") == std::string::npos) {
    throw std::runtime_error("it says: " + error);
  }
}

TEST(TwoCopies, TheOneThatComesSecondRefuses) {
  EXPECT_TRUE(Forked([] {
                const Lock own;
                expect_refusal(Plugin(FIRST_PLUGIN).use_lock());
                own.acquire();
              }).succeeds());
}

TEST(TwoCopies, WhicheverThatIs) {
  EXPECT_TRUE(Forked([] {
                if (const std::string error = Plugin(FIRST_PLUGIN).use_lock(); !error.empty()) {
                  throw std::runtime_error(error);
                }
                try {
                  const Lock own;
                } catch (const RuntimeError& error) {
                  return expect_refusal(error.what());
                }
                _exit(2);
              }).succeeds());
}

TEST(TwoCopies, TwoPluginsAreNotMixedUp) {
  EXPECT_TRUE(Forked([] {
                if (const std::string error = Plugin(FIRST_PLUGIN).use_lock(); !error.empty()) {
                  throw std::runtime_error(error);
                }
                expect_refusal(Plugin(SECOND_PLUGIN).use_lock());
              }).succeeds());
}

}  // namespace
}  // namespace multiprocess::test
