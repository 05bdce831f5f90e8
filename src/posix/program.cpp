// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/program.hpp>

#include <multiprocess/detail/os/handle_limit.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "child_sentinel.hpp"
#include "system_error.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace multiprocess::detail::os {

namespace {

// Descriptor numbers only, no secrets: the environment of a process can be read from outside.
constexpr std::string_view marker = "MULTIPROCESS_INHERITED_DESCRIPTORS";
constexpr std::string_view look_up_now = "LD_BIND_NOW";
constexpr int first_given = 3;
constexpr std::size_t longest_record = 4096;  // fits into an empty pipe

std::string setting_of(std::string_view name, const std::string& value) {
  return std::string(name) + '=' + value;
}

class FileActions {
 public:
  FileActions() { check(posix_spawn_file_actions_init(&actions_)); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void give(int descriptor, int as) {
    check(posix_spawn_file_actions_adddup2(&actions_, descriptor, as));
  }
  void close_from(int first) { check(posix_spawn_file_actions_addclosefrom_np(&actions_, first)); }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) {
      throw last_error("posix_spawn_file_actions", error);
    }
  }
  posix_spawn_file_actions_t actions_;
};

/// A copy numbered above all that the child gets, so that giving one never overwrites another.
Handle copy_above(NativeHandle handle, std::size_t count) {
  const int copy =
      fcntl(static_cast<int>(handle), F_DUPFD_CLOEXEC, first_given + static_cast<int>(count));
  if (copy < 0) {  // EINVAL: the limit is below the first number that would do
    throw last_error("cannot duplicate descriptor " + std::to_string(handle) + " for a child",
                     errno == EINVAL ? EMFILE : errno);
  }
  return Handle(copy);
}

/// This process's environment with these settings at its end.
std::vector<char*> environment_with(std::vector<std::string>& settings) {
  std::vector<char*> words;
  for (char** word = environ; word != nullptr && *word != nullptr; ++word) {
    words.push_back(*word);
  }
  for (std::string& setting : settings) {
    const std::string name = setting.substr(0, setting.find('=') + 1);
    std::erase_if(words, [&](char* word) { return std::string_view(word).starts_with(name); });
    words.push_back(setting.data());
  }
  words.push_back(nullptr);
  return words;
}

/// The number of descriptors, and a sign when the other setting is ours as well.
std::vector<std::string> settings_for(const Program& program, std::size_t given) {
  std::vector<std::string> settings{setting_of(marker, std::to_string(given))};
  if (program.eager && std::getenv(look_up_now.data()) == nullptr) {
    settings[0] += '+';
    settings.push_back(setting_of(look_up_now, "1"));
  }
  return settings;
}

Handle readable_record(std::span<const std::byte> record) {
  if (record.empty() || record.size() > longest_record) {
    throw last_error("record for a started program", EMSGSIZE);
  }
  Pipe pipe = make_pipe();
  const std::uint32_t size = static_cast<std::uint32_t>(record.size());
  write_all(pipe.write.get(), std::as_bytes(std::span(&size, 1)));
  write_all(pipe.write.get(), record);
  return std::move(pipe.read);
}

int run(const Program& program, const FileActions& actions, std::size_t given) {
  const std::string name = program_name();
  const std::string& path = program.executable.empty() ? "/proc/self/exe" : program.executable;
  std::string argv0 = program.executable.empty() ? name : program.executable;
  std::string argv1 = child_argument;
  std::vector<std::string> settings = settings_for(program, given);
  const std::vector<char*> environment = environment_with(settings);
  std::array<char*, 3> arguments{argv0.data(), argv1.data(), nullptr};
  int pid = 0;
  const int error =
      posix_spawn(&pid, path.c_str(), actions.get(), nullptr, arguments.data(), environment.data());
  if (error != 0) {
    throw last_error("cannot start the program " + path, error);
  }
  lower_handle_limit_of(pid);
  return pid;
}

/// How many descriptors were given; 0 in a process that `start_program` did not start.
int count_given() {
  const char* const found = std::getenv(marker.data());
  if (found == nullptr || first_argument() != child_argument) {
    return 0;
  }
  const std::string text = found;
  unsetenv(marker.data());  // a program that this one executes is none of ours
  char* end = nullptr;
  const long count = std::strtol(text.c_str(), &end, 10);
  if (*end == '+') {
    unsetenv(look_up_now.data());
    ++end;
  }
  return *end == '\0' && count > 0 && count < INT_MAX - first_given ? static_cast<int>(count) : 0;
}

/// Not up to the end of the stream: a process forked meanwhile may hold the other end open.
std::vector<std::byte> read_record(NativeHandle from) {
  std::uint32_t size = 0;
  std::vector<std::byte> record;
  if (read_all(from, std::as_writable_bytes(std::span(&size, 1))) && size <= longest_record) {
    record.resize(size);
  }
  if (record.empty() || !read_all(from, record)) {
    throw last_error("the record promised to this child is cut off", EBADMSG);
  }
  return record;
}

}  // namespace

Started start_program(const Program& program) {
  const std::size_t given = program.handles.size() + 1;
  std::vector<Handle> copies;
  copies.reserve(given);
  copies.push_back(copy_above(readable_record(program.record).get(), given));
  for (const NativeHandle handle : program.handles) {
    copies.push_back(copy_above(handle, given));
  }
  FileActions actions;
  for (std::size_t i = 0; i < given; ++i) {
    actions.give(static_cast<int>(copies[i].get()), first_given + static_cast<int>(i));
  }
  actions.close_from(first_given + static_cast<int>(given));
  const int pid = run(program, actions, given);
  return {pid, open_sentinel(pid, std::move(copies.back()))};
}

std::optional<Inheritance> take_inheritance() {
  const int given = count_given();
  if (given == 0) {
    return std::nullopt;
  }
  show_as({});  // /proc/self/exe as the program's file makes the system call it `exe`
  std::vector<Handle> handles;
  for (int descriptor = first_given; descriptor < first_given + given; ++descriptor) {
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
      throw last_error("the descriptors promised to this child are not open");
    }
    handles.emplace_back(descriptor);
  }
  Inheritance inherited;
  inherited.record = read_record(handles.front().get());
  handles.erase(handles.begin());
  inherited.handles = std::move(handles);
  return inherited;
}

bool load_library(const std::string& path) noexcept {
  return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

}  // namespace multiprocess::detail::os
