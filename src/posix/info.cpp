// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/info.hpp>

#include <sched.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace multiprocess::detail::os {

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string command_line_word(std::size_t index) {
  const std::string words = read_text("/proc/self/cmdline");
  std::size_t begin = 0;
  for (; index > 0 && begin < words.size(); --index) {
    begin = std::min(words.find('\0', begin), words.size() - 1) + 1;
  }
  return words.substr(begin, words.find('\0', begin) - begin);
}

std::optional<long long> to_number(const std::string& text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// CPUs' worth of time, from a quota per period; nothing when there is no limit.
std::optional<int> share(const std::string& quota, const std::string& period) {
  const auto time = to_number(quota);
  const auto out_of = to_number(period);
  if (!time || !out_of || *time <= 0 || *out_of <= 0) {
    return std::nullopt;
  }
  return static_cast<int>(std::clamp<long long>((*time + *out_of - 1) / *out_of, 1, 1 << 20));
}

std::optional<int> unified_limit(const fs::path& group) {
  std::istringstream words(read_text(group / "cpu.max"));  // "max 100000" or "200000 100000"
  std::string quota;
  std::string period;
  words >> quota >> period;
  return share(quota, period);
}

std::optional<int> legacy_limit(const fs::path& group) {
  return share(read_text(group / "cpu.cfs_quota_us"), read_text(group / "cpu.cfs_period_us"));
}

/// The least limit of the group and of those that it lies in.
std::optional<int> least_limit(const fs::path& mount, fs::path inside,
                               std::optional<int> (*limit)(const fs::path&)) {
  std::optional<int> least;
  for (;;) {
    const auto here = limit(inside.empty() ? mount : mount / inside);
    least = here ? std::min(*here, least.value_or(*here)) : least;
    if (inside.empty()) {
      return least;
    }
    inside = inside.parent_path();
  }
}

bool names_cpu(const std::string& controllers) {
  std::istringstream words(controllers);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "cpu") {
      return true;
    }
  }
  return false;
}

/// What the groups of this process allow, by the lines `number:controllers:/path`.
std::optional<int> group_limit(const fs::path& root) {
  std::optional<int> least;
  std::istringstream lines(read_text(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string controllers;
    std::string path;
    std::getline(fields, number, ':') && std::getline(fields, controllers, ':') &&
        std::getline(fields, path);
    const fs::path inside = fs::path(path).relative_path();
    const fs::path groups = root / "sys/fs/cgroup";
    std::optional<int> limit;
    if (controllers.empty()) {
      limit = least_limit(groups, inside, unified_limit);
    } else if (names_cpu(controllers)) {
      limit = least_limit(fs::exists(groups / controllers) ? groups / controllers : groups / "cpu",
                          inside, legacy_limit);
    }
    least = limit ? std::min(*limit, least.value_or(*limit)) : least;
  }
  return least;
}

int allowed_cpus() {
  for (int cpus = 1024; cpus <= (1 << 20); cpus *= 2) {  // a machine may have more than CPU_SETSIZE
    cpu_set_t* const set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const bool known = set != nullptr && sched_getaffinity(0, size, set) == 0;
    const int count = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (known) {
      return count;
    }
  }
  return hardware_cpu_count();
}

}  // namespace

std::string executable_path() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) {
    throw std::system_error(error, "readlink /proc/self/exe");
  }
  return path.string();
}

std::string program_name() {
  return command_line_word(0);
}

std::string first_argument() {
  return command_line_word(1);
}

int current_pid() noexcept {
  return getpid();
}

std::string current_directory() {
  char* const path = getcwd(nullptr, 0);
  const std::string result = path == nullptr ? "" : path;
  std::free(path);
  return result;
}

bool change_directory(const std::string& path) noexcept {
  return chdir(path.c_str()) == 0;
}

int usable_cpu_count(const std::string& system_root) {
  const int allowed = allowed_cpus();
  return std::max(1, std::min(allowed, group_limit(system_root).value_or(allowed)));
}

int hardware_cpu_count() noexcept {
  return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

void run_on_cpu(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  if (cpu >= 0 && cpu < CPU_SETSIZE) {
    CPU_SET(cpu, &one);
  }
  if (sched_setaffinity(0, sizeof(one), &one) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "sched_setaffinity to CPU " + std::to_string(cpu));
  }
}

std::uint64_t private_memory() {
  std::istringstream pages(read_text("/proc/self/statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  pages >> size >> resident >> shared;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return (resident - std::min(resident, shared)) * page;
}

int thread_count() noexcept {
  if (__libc_single_threaded != 0) {
    return 1;
  }
  struct stat folder {};  // one link for itself, one for its entry, one for each thread's folder
  return stat("/proc/self/task", &folder) == 0 ? std::max(1, static_cast<int>(folder.st_nlink) - 2)
                                               : 1;
}

/// By a function that the program has called before: a forked child that is the first to call one
/// has it looked up in all libraries, which touches a dozen pages.
int current_thread_number() noexcept {
  return static_cast<int>(syscall(SYS_gettid));
}

bool on_main_thread() noexcept {
  return current_thread_number() == getpid();
}

}  // namespace multiprocess::detail::os
