// SPDX-License-Identifier: BSD-3-Clause
// Counts the words of all files below a folder, though some of them crash whoever reads them: that
// costs the worker and this one file, and with retries not even the file when it was bad luck.
#include <multiprocess/multiprocess.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace mp = multiprocess;
namespace fs = std::filesystem;

/// As a parser with a bug: it crashes at "poison", and at "shock", which is not there again.
std::string count_words(const fs::path& path) {
  int words = 0;
  std::ifstream file(path);
  for (std::string word; file >> word; ++words) {
    if (word == "poison" || (word == "shock" && std::ofstream(path) << "calm again")) {
      std::abort();
    }
  }
  return fmt::format("{}: {}", path.filename().string(), words);
}

void write_samples(const fs::path& folder) {
  fs::create_directories(folder / "deep");
  std::ofstream(folder / "one") << "one";
  std::ofstream(folder / "bad") << "there is poison in here";
  std::ofstream(folder / "deep" / "nervous") << "what a shock";
  std::ofstream(folder / "deep" / "three") << "one two three";
}

int main() {
  const fs::path folder = "crawled";
  write_samples(folder);
  std::vector<fs::path> files(fs::recursive_directory_iterator(folder), {});
  std::erase_if(files, [](const fs::path& file) { return fs::is_directory(file); });

  mp::Pool pool(2);
  auto results = pool.imap_unordered(count_words, files, {.retries = 2});
  std::set<std::string> lines;  // sorted: the results come in any order
  for (bool more = true; more;) {
    try {
      const auto line = results.next();
      more = line.has_value();
      lines.insert(line.value_or("that was all"));
    } catch (const mp::WorkerDied& error) {
      lines.insert(error.what());
    }
  }
  const mp::PoolStats stats = pool.stats();
  fmt::print("{}\n{} workers died, {} retries\n", fmt::join(lines, "\n"), stats.workers_died,
             stats.retried);
  fs::remove_all(folder);
}
