// SPDX-License-Identifier: BSD-3-Clause
#include "machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include <fstream>
#include <system_error>
#include <thread>

namespace bench {

namespace {

std::vector<int> affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  }
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

void set_affinity(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

/// The first two CPUs that the program was given: each alone, then both.
struct Places {
  std::vector<int> first;
  std::vector<int> second;
  std::vector<int> both;

  Places() {
    const std::vector<int> all = affinity();
    first = {all.front()};
    second = {all[all.size() > 1 ? 1 : 0]};
    both = all.size() > 1 ? std::vector{all[0], all[1]} : first;
  }
};

// Before anybody is placed.
const Places places;

std::string processor() {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown processor";
}

/// Tasks that want to run, this one among them.
int runnable() {
  std::ifstream loadavg("/proc/loadavg");
  double average = 0;
  int running = 1;
  loadavg >> average >> average >> average >> running;
  return running;
}

double nanoseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

}  // namespace

std::string_view to_string(Placement placement) noexcept {
  constexpr std::string_view names[] = {"split", "same", "free"};
  return names[static_cast<int>(placement)];
}

bool possible(Placement placement) {
  return placement == Placement::same || places.both.size() == 2;
}

const std::vector<int>& cpus_of(Placement placement, std::size_t role) {
  if (placement == Placement::free) {
    return places.both;
  }
  return placement == Placement::split && role % 2 == 1 ? places.second : places.first;
}

Placed::Placed(Placement placement, std::size_t role) : before_(affinity()) {
  set_affinity(cpus_of(placement, role));
}

Placed::~Placed() {
  set_affinity(before_);
}

bool wait_until_quiet(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (runnable() > 1) {
    if (std::chrono::steady_clock::now() >= end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string describe_machine() {
  utsname system{};
  uname(&system);
  return fmt::format("{} x {}, {} {}", std::thread::hardware_concurrency(), processor(),
                     system.sysname, system.release);
}

double now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double cpu_time() noexcept {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

double cpu_time_of(const std::vector<int>& pids) {
  double total = 0;
  for (const int pid : pids) {
    clockid_t clock{};
    timespec used{};
    if (const int error = clock_getcpuclockid(pid, &clock); error != 0) {
      throw std::system_error(error, std::generic_category(), "clock_getcpuclockid");
    }
    if (clock_gettime(clock, &used) != 0) {
      throw std::system_error(errno, std::generic_category(), "clock_gettime");
    }
    total += static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
  }
  return total;
}

}  // namespace bench
