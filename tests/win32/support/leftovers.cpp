// SPDX-License-Identifier: BSD-3-Clause
#include "support/leftovers.hpp"

#include <windows.h>

#include <tlhelp32.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>

namespace multiprocess::test {
namespace {

using Query = LONG(WINAPI*)(HANDLE, int, void*, ULONG, ULONG*);
constexpr int type_information = 2;

/// "Process", "File", ...; empty when the number is no handle. (The list of all handles of the
/// system would be one call: Wine's server crashes when a process ends meanwhile.)
std::wstring type_of(std::uintptr_t number) {
  static const auto query = reinterpret_cast<Query>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryObject")));
  struct {
    USHORT length;  // in bytes
    USHORT capacity;
    const wchar_t* name;
    std::array<std::byte, 512> rest;
  } type{};
  return query(reinterpret_cast<HANDLE>(number), type_information, &type, sizeof type, nullptr) == 0
             ? std::wstring(type.name, type.length / sizeof(wchar_t))
             : std::wstring();
}

struct Kind {
  const wchar_t* type;
  const char* name;
  int kept;  // the library makes them at its first use
};

/// Not events: those by which threads are woken are kept.
constexpr std::array<Kind, 3> kinds{
    {{L"Process", "process handle", 1}, {L"Section", "section", 1}, {L"File", "file or pipe", 1}}};

// Numbers are multiples of 4, and the lowest free one is given next.
void add_handles(Inventory& all) {
  constexpr int most_free = 64;
  std::array<int, kinds.size()> counts{};
  for (std::uintptr_t number = 4, last = 0; number < last + 4 * most_free; number += 4) {
    const std::wstring type = type_of(number);
    last = type.empty() ? last : number;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      counts[i] += type == kinds[i].type ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (int nth = kinds[i].kept; nth < counts[i]; ++nth) {
      const std::string text = std::string(kinds[i].name) + " #" + std::to_string(nth + 1);
      all.emplace(text, text);
    }
  }
}

void add_processes(Inventory& all) {
  for (const int pid : descendants()) {
    const std::string text = "process " + std::to_string(pid);
    all.emplace(text, text);
  }
}

bool lives(DWORD pid) {
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
  const bool runs = process != nullptr && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
  CloseHandle(process);
  return runs;
}

}  // namespace

Inventory take_inventory() {
  Inventory all;
  add_handles(all);
  add_processes(all);
  return all;
}

// The keeper of the descriptors in messages is started once, and stays as long as we do.
std::vector<std::string> leftovers(const Inventory& before) {
  static std::string keeper;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  std::vector<std::string> rest;
  do {
    rest.clear();
    for (const auto& [key, words] : take_inventory()) {
      if (!before.contains(key) && key != keeper) {
        rest.push_back(words);
      }
    }
    if (!rest.empty()) {  // a process is listed for a moment longer
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  } while (!rest.empty() && std::chrono::steady_clock::now() < end);
  if (keeper.empty() && rest.size() == 1 && rest[0].starts_with("process")) {
    keeper = rest[0];
    rest.clear();
  }
  return rest;
}

std::vector<int> descendants() {
  const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  std::vector<int> found;
  PROCESSENTRY32W process{};
  process.dwSize = sizeof process;
  for (BOOL more = Process32FirstW(all, &process); more != 0;
       more = Process32NextW(all, &process)) {
    if (process.th32ParentProcessID == GetCurrentProcessId() && lives(process.th32ProcessID)) {
      found.push_back(static_cast<int>(process.th32ProcessID));
    }
  }
  CloseHandle(all);
  return found;
}

}  // namespace multiprocess::test
