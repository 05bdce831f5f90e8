// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/info.hpp>

#include "command_line.hpp"

#include <psapi.h>
#include <tlhelp32.h>

#include <algorithm>
#include <bit>

namespace multiprocess::detail::os {

namespace {

std::wstring module_file(HMODULE module) {
  std::wstring path(MAX_PATH, L'\0');
  while (true) {
    const DWORD length = GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size()));
    if (length < path.size()) {
      path.resize(length);
      return path;
    }
    path.resize(path.size() * 2);
  }
}

/// The thread that loads the program is its main thread.
constinit DWORD main_thread = 0;
__attribute__((constructor(101))) void note_main_thread() {
  main_thread = GetCurrentThreadId();
}

}  // namespace

// Quotes, but no backslashes before them: what is looked for here has none. The system's own
// function would load the libraries of a desktop into every process.
std::wstring command_line_word(std::size_t index) {
  std::wstring_view rest = GetCommandLineW();
  for (;; --index) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(L" \t")));
    const bool quoted = rest.starts_with(L'"');
    rest.remove_prefix(quoted ? 1 : 0);
    const std::wstring_view word = rest.substr(0, rest.find_first_of(quoted ? L"\"" : L" \t"));
    if (index == 0 || rest.empty()) {
      return std::wstring(word);
    }
    rest.remove_prefix(std::min(rest.size(), word.size() + (quoted ? 1 : 0)));
  }
}

std::string executable_path() {
  return to_narrow(module_file(nullptr));
}

std::string program_name() {
  return to_narrow(command_line_word(0));
}

std::string first_argument() {
  return to_narrow(command_line_word(1));
}

int current_pid() noexcept {
  return static_cast<int>(GetCurrentProcessId());
}

std::string current_directory() {
  std::wstring path(GetCurrentDirectoryW(0, nullptr), L'\0');
  path.resize(GetCurrentDirectoryW(static_cast<DWORD>(path.size()), path.data()));
  return to_narrow(path);
}

bool change_directory(const std::string& path) noexcept {
  return SetCurrentDirectoryW(to_wide(path).c_str()) != 0;
}

int usable_cpu_count(const std::string&) {
  DWORD_PTR ours = 0;
  DWORD_PTR all = 0;
  const bool known = GetProcessAffinityMask(GetCurrentProcess(), &ours, &all) != 0 && ours != 0;
  return known ? std::popcount(ours) : hardware_cpu_count();
}

int hardware_cpu_count() noexcept {
  return static_cast<int>(std::max<DWORD>(1, GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)));
}

void run_on_cpu(int cpu) {
  constexpr int most = 8 * sizeof(DWORD_PTR);
  const DWORD_PTR mask = cpu >= 0 && cpu < most ? DWORD_PTR{1} << cpu : 0;
  // The process: what it starts inherits that, and a worker has one thread that works.
  if (mask == 0 || SetProcessAffinityMask(GetCurrentProcess(), mask) == 0) {
    throw last_error("SetProcessAffinityMask to CPU " + std::to_string(cpu),
                     std::errc::invalid_argument);
  }
}

std::uint64_t private_memory() {
  PROCESS_MEMORY_COUNTERS memory{};
  GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory);
  return memory.PagefileUsage;  // what is its own, whether in memory or not
}

int thread_count() noexcept {
  const Handle all = owned(CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0));
  int count = 0;
  THREADENTRY32 thread{};
  thread.dwSize = sizeof thread;
  for (BOOL more = Thread32First(native(all.get()), &thread); more != 0;
       more = Thread32Next(native(all.get()), &thread)) {
    count += thread.th32OwnerProcessID == GetCurrentProcessId() ? 1 : 0;
  }
  return std::max(1, count);
}

int current_thread_number() noexcept {
  return on_main_thread() ? current_pid() : static_cast<int>(GetCurrentThreadId());
}

bool on_main_thread() noexcept {
  return GetCurrentThreadId() == main_thread;
}

}  // namespace multiprocess::detail::os
