// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace multiprocess::test {

/// Where these bytes would stand in a core dump of the process: in its writable memory, but for
/// what is left out of dumps.
inline std::vector<std::string> places_in_core(int pid, const std::vector<std::byte>& wanted) {
  const std::string proc = "/proc/" + std::to_string(pid);
  const int memory = open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  std::ifstream smaps(proc + "/smaps");
  std::vector<std::string> found;
  std::string mapping;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find('-') < line.find(' ')) {
      mapping = line;
    }
    const bool is_dumped = line.starts_with("VmFlags:") && line.find(" dd") == std::string::npos &&
                           mapping.find(" rw") != std::string::npos;
    if (!is_dumped) {
      continue;
    }
    const auto dash = mapping.find('-');
    const std::uint64_t begin = std::stoull(mapping.substr(0, dash), nullptr, 16);
    const std::uint64_t end = std::stoull(mapping.substr(dash + 1), nullptr, 16);
    if (end - begin > std::uint64_t{1} << 30) {
      continue;  // what a sanitizer keeps beside
    }
    std::vector<std::byte> bytes(end - begin);
    const ssize_t got = pread(memory, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const std::boyer_moore_horspool_searcher searcher(wanted.begin(), wanted.end());
    if (std::search(bytes.begin(), bytes.end(), searcher) != bytes.end()) {
      found.push_back(mapping);
    }
  }
  close(memory);
  return found;
}

}  // namespace multiprocess::test
