// SPDX-License-Identifier: BSD-3-Clause
// Listeners of a process that can have no more descriptors.
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/socket_file.hpp>

#include "support/handle_limit.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace mp = multiprocess;
namespace fs = std::filesystem;
namespace os = multiprocess::detail::os;

namespace {

/// With `count` descriptors.
bool can_listen_with(rlim_t count, const std::string& path) {
  const mp::test::HandleLimit few(static_cast<rlim_t>(os::duplicate(0).get()) + count);
  try {
    const mp::connection::Listener listener(path, {.authkey = "secret"});
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

TEST(ListenerShortage, LeavesNoFile) {
  if (mp::test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  const std::string path = os::new_folder_path();
  { const mp::connection::Listener first(path); }  // what the process needs but once
  rlim_t count = 0;
  while (!can_listen_with(count, path)) {
    ASSERT_FALSE(fs::exists(path)) << "with " << count;
    ASSERT_LT(++count, 50U);
  }
  EXPECT_GT(count, 0U);
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
