// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/recorder.hpp"

#include "support/forked.hpp"

#include <multiprocess/detail/step.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <regex>

namespace multiprocess::test {

namespace {

struct Entry {
  std::array<char, 64> file;
  std::atomic<unsigned> line;  // 0: not written yet
  std::atomic<std::uint64_t> visits;
};

struct Table {
  std::atomic<std::size_t> count;
  std::atomic<bool> killed;
  std::array<Entry, 512> entries;
};

/// Shared by all children of the test; plain memory of ours, not the arena under test. It exists
/// before the first test.
SharedPage<Table> shared_table;

Table& table() {
  return *shared_table;
}

enum class Mode { off, record, die };
Mode mode = Mode::off;
std::size_t deadly_site = 0;
std::atomic<std::uint64_t> visits_left = 0;
std::array<std::atomic<std::uint64_t>, 512> visits_here{};

std::string name_of(const char* path) {
  return std::filesystem::path(path).filename().string();
}

/// Threads that come to a new site at once may both note it: the later entry is never found again.
std::size_t site_index(const detail::step::Site& site) {
  const char* const slash = std::strrchr(site.file_name(), '/');
  const char* const name = slash == nullptr ? site.file_name() : slash + 1;
  const std::size_t count = table().count.load();
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = table().entries[i];
    if (entry.line == site.line() && std::strcmp(entry.file.data(), name) == 0) {
      return i;
    }
  }
  const std::size_t index = table().count.fetch_add(1);
  Entry& entry = table().entries.at(index);
  std::strncpy(entry.file.data(), name, entry.file.size() - 1);
  entry.line = site.line();
  return index;
}

/// The parenthesis that closes the one at `open`.
std::size_t end_of_call(const std::string& text, std::size_t open) {
  int depth = 0;
  std::size_t at = open;
  do {
    depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    ++at;
  } while (depth > 0 && at < text.size());
  return at;
}

void add_sites(const std::filesystem::path& path, std::vector<CrashSite>& sites) {
  static const std::regex call(R"((step::(store|cas|exchange|add|set_bits)|change\.write)\()");
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto line_at = [&text](std::size_t place) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(place);
    return 1 + static_cast<unsigned>(std::count(text.begin(), end, '\n'));
  };
  for (std::sregex_iterator found(text.begin(), text.end(), call), none; found != none; ++found) {
    const auto begin = static_cast<std::size_t>(found->position());
    const std::size_t open = begin + static_cast<std::size_t>(found->length()) - 1;
    sites.push_back({name_of(path.c_str()), line_at(begin), line_at(end_of_call(text, open))});
  }
}

}  // namespace

std::vector<CrashSite> visited_sites() {
  std::vector<CrashSite> sites;
  for (std::size_t i = 0; i < table().count.load(); ++i) {
    const Entry& entry = table().entries[i];
    sites.push_back({entry.file.data(), entry.line, entry.line});
  }
  return sites;
}

std::uint64_t most_visits(std::size_t site) {
  return table().entries[site].visits.load();
}

void forget_visits() {
  for (Entry& entry : table().entries) {
    entry.visits.store(0);
  }
}

void record_visits() {
  table();
  mode = Mode::record;
}

void die_at(std::size_t site, std::uint64_t visit) {
  deadly_site = site;
  visits_left = visit;
  mode = Mode::die;
}

void never_die() {
  mode = Mode::off;
}

bool was_killed() {
  return table().killed.load();
}

void forget_kill() {
  table().killed.store(false);
}

std::vector<CrashSite> sites_in_sources(const std::string& root) {
  std::vector<CrashSite> sites;
  for (const char* folder : {"/include", "/src"}) {
    for (const auto& item : std::filesystem::recursive_directory_iterator(root + folder)) {
      if (item.is_regular_file()) {
        add_sites(item.path(), sites);
      }
    }
  }
  return sites;
}

}  // namespace multiprocess::test

namespace multiprocess::detail::step {

void crash_point(const Site& site) noexcept {
  using namespace test;
  if (mode == Mode::off) {
    return;
  }
  const std::size_t index = site_index(site);
  if (mode == Mode::record) {
    auto& most = table().entries[index].visits;
    most.store(std::max(most.load(), ++visits_here[index]));
  } else if (index == deadly_site && --visits_left == 0) {
    table().killed.store(true);
    kill(getpid(), SIGKILL);
  }
}

}  // namespace multiprocess::detail::step
