// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/socket_files.hpp>

#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket_file.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/detail/tracked_names.hpp>
#include <multiprocess/logging.hpp>

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr int after_the_files = -100;  // among the exit steps

struct Folder {
  ThreadLock lock;
  std::optional<std::string> path;
  int owner = 0;
};

constinit Lasting<Folder> folder;

/// Should this process be killed, the keeper removes it.
void track(const std::string& path, std::uint64_t id) noexcept {
  try {
    track_name(path, id);
  } catch (const std::exception& error) {  // then a kill leaves it, and nothing else is worse
    log(SUBWARNING, error.what());
  }
}

std::string private_folder() {
  Folder& own = *folder;
  const std::scoped_lock lock(own.lock);
  if (own.owner != os::current_pid()) {  // none yet, or our parent's
    const std::string path = os::new_folder_path();
    track(path, 0);  // first: whenever this process is killed, the folder goes
    os::make_private_folder(path);
    own.path = path;
    own.owner = os::current_pid();
    add_exit_call(
        [path] {
          os::remove_private_folder(path);
          untrack_name(path, 0);
        },
        after_the_files);
  }
  return *own.path;
}

bool is_in_private_folder(const std::string& path) {
  Folder& own = *folder;
  const std::scoped_lock lock(own.lock);
  return own.owner == os::current_pid() && path.starts_with(*own.path);
}

}  // namespace

std::string private_socket_path() {
  return fmt::format("{}/listener-{:016x}", private_folder(), os::random_number());
}

SocketFile::SocketFile(const std::string& path) {
  if (path.empty() || path.front() == '\0') {
    return;
  }
  const std::string whole = std::filesystem::absolute(path).string();
  const std::uint64_t id = os::socket_file_id(whole);
  if (id == 0) {
    return;  // a place that is no file
  }
  if (!is_in_private_folder(whole)) {
    track(whole, id);
  }
  at_exit_ = add_exit_call(
      [whole, id] {
        os::remove_socket_file(whole, id);
        untrack_name(whole, id);
      },
      0);
}

void SocketFile::remove() noexcept {
  run_call(std::exchange(at_exit_, 0));  // none in another process than its maker's
}

}  // namespace multiprocess::detail
