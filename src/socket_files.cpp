// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/socket_files.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket_file.hpp>
#include <multiprocess/detail/thread_lock.hpp>

#include <fmt/format.h>

#include <mutex>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr int after_the_files = -100;  // among the exit steps

struct Folder {
  ThreadLock lock;
  std::string path;
  int owner = 0;
};

/// Never destroyed: exit steps ask for it.
Folder& folder() {
  static Folder& only = *new Folder;
  return only;
}

std::string private_folder() {
  Folder& own = folder();
  const std::scoped_lock lock(own.lock);
  if (own.owner != os::current_pid()) {  // none yet, or our parent's
    own.path = os::make_private_folder();
    own.owner = os::current_pid();
    add_exit_call([path = own.path] { os::remove_private_folder(path); }, after_the_files);
  }
  return own.path;
}

}  // namespace

std::string private_socket_path() {
  return fmt::format("{}/listener-{:016x}", private_folder(), os::random_number());
}

SocketFile::SocketFile(std::string path) {
  if (!path.empty() && path.front() != '\0') {
    const std::uint64_t id = os::socket_file_id(path);
    at_exit_ = add_exit_call([path = std::move(path), id] { os::remove_socket_file(path, id); }, 0);
  }
}

void SocketFile::remove() noexcept {
  run_call(std::exchange(at_exit_, 0));  // none in another process than its maker's
}

}  // namespace multiprocess::detail
