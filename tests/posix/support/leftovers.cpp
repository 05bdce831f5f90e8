// SPDX-License-Identifier: BSD-3-Clause
#include "support/leftovers.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

namespace multiprocess::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* shared_memory = "/dev/shm";

std::string read_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::string read_link(const fs::path& link) {
  std::error_code gone;
  return fs::read_symlink(link, gone).string();
}

std::vector<int> numbers_in(const fs::path& folder) {
  std::vector<int> numbers;
  std::error_code gone;
  for (fs::directory_iterator entry(folder, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      numbers.push_back(std::stoi(name));
    }
  }
  return numbers;
}

fs::path proc(int pid) {
  return fs::path("/proc") / std::to_string(pid);
}

struct Stat {
  std::string name;
  std::string state;
  int parent = 0;
  int group = 0;
  std::uint64_t start = 0;
};

Stat read_stat(const fs::path& file) {
  const std::string line = read_line(file);
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (close == std::string::npos) {
    return {};  // it ended while we looked
  }
  Stat stat;
  stat.name = line.substr(open + 1, close - open - 1);
  std::istringstream rest(line.substr(close + 1));
  rest >> stat.state >> stat.parent >> stat.group;
  std::string skipped;
  for (int field = 6; field < 22; ++field) {
    rest >> skipped;
  }
  rest >> stat.start;
  return stat;
}

bool is_descendant(int pid, const Stat& self, const std::string& executable) {
  const Stat stat = read_stat(proc(pid) / "stat");
  if (stat.parent == getpid()) {
    return true;
  }
  // An orphan is found by the program that it runs: our group (the keeper has left it), our
  // executable, younger than we.
  const bool may_be_ours = stat.group == self.group || stat.name == "mp-keeper";
  return may_be_ours && std::pair(stat.start, pid) > std::pair(self.start, getpid()) &&
         read_link(proc(pid) / "exe") == executable;
}

void add_descriptors(Inventory& all) {
  for (const int fd : numbers_in("/proc/self/fd")) {
    const std::string target = read_link(fs::path("/proc/self/fd") / std::to_string(fd));
    if (!target.empty()) {  // empty: the one that the listing itself had open
      const std::string text = "descriptor " + std::to_string(fd) + " -> " + target;
      all.emplace(text, text);
    }
  }
}

bool is_shared(const std::string& line) {
  const auto names = {"/memfd:", "/dev/shm/", "/dev/zero", "(deleted)"};
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return line.find(name) != std::string::npos; });
}

// Lines of one object are counted, so that a second mapping of it is seen; not those of the arena,
// which the kernel splits and joins as pieces of it are committed.
void add_mappings(Inventory& all) {
  std::ifstream maps("/proc/self/maps");
  std::map<std::string, int> lines;
  for (std::string line; std::getline(maps, line);) {
    if (is_shared(line)) {
      std::string range, mode, offset, device, inode, path;
      std::istringstream(line) >> range >> mode >> offset >> device >> inode >> path;
      const std::string object = "mapping " + path + " inode " + inode;
      const int nth = path.starts_with("/memfd:multiprocess") ? 1 : ++lines[object];
      all.emplace(object + " #" + std::to_string(nth), object + " at " + range);
    }
  }
}

void add_processes(Inventory& all) {
  for (const int pid : descendants()) {
    const Stat stat = read_stat(proc(pid) / "stat");
    all.emplace("process " + std::to_string(pid),
                "process " + std::to_string(pid) + " (" + stat.name + ") in state " + stat.state +
                    (stat.parent == getpid() ? "" : ", an orphan"));
  }
}

void add_threads(Inventory& all) {
  for (const int thread : threads_of(getpid())) {
    const std::string text = "thread " + std::to_string(thread);
    all.emplace(text, text + ": " + describe_thread(getpid(), thread));
  }
}

void add_shared_memory(Inventory& all) {
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shared_memory, absent)) {
    all.emplace(entry.path(), entry.path());
  }
}

struct Allowance {
  std::string kind;
  std::string name;
  int left;

  bool fits(const std::string& thing) const {
    return left > 0 && thing.starts_with(kind) && thing.find(name) != std::string::npos;
  }
};

/// What the library makes at its first use and keeps as long as the program runs.
class Allowances {
 public:
  /// What is there no more may be made anew.
  void forget_all_but(const Inventory& now) {
    std::erase_if(known_, [&](const auto& each) {
      const bool is_gone = !now.contains(each.first);
      rows_[each.second].left += is_gone ? 1 : 0;
      return is_gone;
    });
  }

  bool allow(const std::string& key, const std::string& words) {
    if (known_.contains(key)) {
      return true;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].fits(words)) {
        --rows_[i].left;
        return known_.emplace(key, i).second;
      }
    }
    return false;
  }

 private:
  std::map<std::string, std::size_t> known_;  // and its row
  std::vector<Allowance> rows_ = {
      {"descriptor", "/memfd:multiprocess", 1},
      {"mapping", "/memfd:multiprocess", 1},
      {"descriptor", "-> pipe:", 2},               // the life line that children follow
      {"descriptor", "-> socket:", 1},             // the way to the fork server,
      {"descriptor", "-> anon_inode:[pidfd]", 1},  // its sentinel,
      {"process", "(mp-forkserver)", 1},           // and it
      {"process", "(mp-keeper)", 1},               // who holds the descriptors in messages
  };
};

bool has_open(int pid, const fs::path& file) {
  const fs::path folder = proc(pid) / "fd";
  const std::vector<int> all = numbers_in(folder);
  return std::any_of(all.begin(), all.end(),
                     [&](int fd) { return read_link(folder / std::to_string(fd)) == file; });
}

bool has_mapped(int pid, const fs::path& file) {
  std::ifstream maps(proc(pid) / "maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(" " + file.string())) {
      return true;
    }
  }
  return false;
}

/// An entry of /dev/shm that a process which is none of ours uses, or has used when we looked: the
/// folder is everybody's.
bool is_of_others(const fs::path& entry) {
  static std::set<fs::path> known;
  if (entry.parent_path() != shared_memory || known.contains(entry)) {
    return known.contains(entry);
  }
  const std::vector<int> ours = descendants();
  for (const int pid : numbers_in("/proc")) {
    if (pid != getpid() && std::find(ours.begin(), ours.end(), pid) == ours.end() &&
        (has_open(pid, entry) || has_mapped(pid, entry))) {
      known.insert(entry);
      return true;
    }
  }
  return false;
}

Inventory additions(const Inventory& before, const Inventory& now) {
  Inventory added;
  for (const auto& [key, words] : now) {
    if (!before.contains(key) && !is_of_others(key)) {
      added.emplace(key, words);
    }
  }
  return added;
}

}  // namespace

Inventory take_inventory() {
  Inventory all;
  add_descriptors(all);
  add_mappings(all);
  add_processes(all);
  add_threads(all);
  add_shared_memory(all);
  return all;
}

std::vector<std::string> leftovers(const Inventory& before) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  static Allowances granted;
  Allowances now;
  std::vector<std::string> rest;
  do {
    rest.clear();
    now = granted;  // what goes away while we look has used up nothing
    const Inventory present = take_inventory();
    now.forget_all_but(present);
    for (const auto& [key, words] : additions(before, present)) {
      if (!now.allow(key, words)) {
        rest.push_back(words);
      }
    }
    if (!rest.empty()) {  // the kernel lists a joined thread for a moment longer
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  } while (!rest.empty() && std::chrono::steady_clock::now() < end);
  granted = std::move(now);
  return rest;
}

std::vector<int> descendants() {
  const std::string executable = read_link("/proc/self/exe");
  const Stat self = read_stat("/proc/self/stat");
  std::vector<int> found;
  for (const int pid : numbers_in("/proc")) {
    if (is_descendant(pid, self, executable)) {
      found.push_back(pid);
    }
  }
  return found;
}

std::vector<int> threads_of(int pid) {
  return numbers_in(proc(pid) / "task");
}

std::string describe_thread(int pid, int thread) {
  const fs::path folder = proc(pid) / "task" / std::to_string(thread);
  const Stat stat = read_stat(folder / "stat");
  return std::to_string(thread) + " (" + stat.name + ") in state " + stat.state + ", waits in " +
         read_line(folder / "wchan") + ", system call " + read_line(folder / "syscall");
}

}  // namespace multiprocess::test
