// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/identity.hpp>

#include <multiprocess/detail/os/handle.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

namespace multiprocess::detail::os {

namespace {

/// Asked for once: a forked child has what its parent knows, and need not touch the pages with the
/// answer.
std::uint64_t ticks_a_second() noexcept {
  static constinit std::atomic<std::uint64_t> known{0};
  if (known.load(std::memory_order_relaxed) == 0) {
    known.store(static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)), std::memory_order_relaxed);
  }
  return known.load(std::memory_order_relaxed);
}

std::uint64_t ticks_since_boot() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const std::uint64_t per_second = ticks_a_second();
  return static_cast<std::uint64_t>(now.tv_sec) * per_second +
         static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000;
}

/// What /proc/<pid>/stat says (proc(5)): fields 3, 20, 22 and 28.
struct Stat {
  char state;
  std::uint64_t threads;
  std::uint64_t started;
  std::uint64_t stack;
};

std::optional<Stat> parse_stat(std::string_view text) noexcept {
  const auto name_end = text.rfind(") ");  // the name may hold spaces and parentheses itself
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) {
    return std::nullopt;
  }
  text.remove_prefix(name_end + 2);
  Stat stat{text.front(), 0, 0, 0};
  for (int field = 3; !text.empty() && field <= 28; ++field) {
    const auto word = text.substr(0, text.find(' '));
    std::uint64_t* const wanted = field == 20   ? &stat.threads
                                  : field == 22 ? &stat.started
                                  : field == 28 ? &stat.stack
                                                : nullptr;
    if (wanted != nullptr) {
      std::from_chars(word.data(), word.data() + word.size(), *wanted);
    }
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  stat.stack &= (std::uint64_t{1} << 48) - 1;  // what others can note of it
  return stat;
}

std::optional<Stat> read_stat(std::uint32_t pid) noexcept {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/%u/stat", pid);
  const Handle file(open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t got =
      file ? read(static_cast<int>(file.get()), text.data(), text.size()) : ssize_t{-1};
  return got <= 0 ? std::nullopt : parse_stat({text.data(), static_cast<std::size_t>(got)});
}

enum class Glance { ended, running, unknown };

/// Where the first stack frame lies is chosen anew by every exec and kept by every fork: so a
/// forked child need not read /proc again. 0: not read yet.
constinit std::atomic<std::uint64_t> image{0};

/// A process handle is readable once every thread of the process has ended.
Glance glance(std::uint32_t pid) noexcept {
  const Handle process = sentinel_of(pid);
  if (!process) {
    return errno == ESRCH ? Glance::ended : Glance::unknown;
  }
  pollfd entry{static_cast<int>(process.get()), POLLIN, 0};
  return poll(&entry, 1, 0) > 0 ? Glance::ended : Glance::running;
}

}  // namespace

Identity this_identity() noexcept {
  if (image.load(std::memory_order_relaxed) == 0) {
    image.store(read_stat(static_cast<std::uint32_t>(getpid())).value_or(Stat{}).stack,
                std::memory_order_relaxed);
  }
  return {static_cast<std::uint32_t>(getpid()), ticks_since_boot(),
          image.load(std::memory_order_relaxed)};
}

Identity child_identity(int pid) noexcept {
  return {static_cast<std::uint32_t>(pid), ticks_since_boot(), 0};
}

bool has_ended(const Identity& who) noexcept {
  const Glance seen = glance(who.pid);
  if (seen == Glance::ended) {
    return true;
  }
  const auto stat = read_stat(who.pid);
  if (!stat) {
    // Hidden from us, or no descriptor to be had: nobody may be declared dead on a guess.
    return kill(static_cast<pid_t>(who.pid), 0) != 0 && errno == ESRCH;
  }
  const bool zombie = (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
  const bool reused = stat->started > who.seen + 1;
  const bool replaced = who.image != 0 && stat->stack != 0 && stat->stack != who.image;
  return zombie || reused || replaced;
}

Handle sentinel_of(std::uint32_t pid) noexcept {
  return Handle(static_cast<NativeHandle>(syscall(SYS_pidfd_open, pid, 0)));
}

bool runs(std::uint32_t pid) noexcept {
  return glance(pid) == Glance::running;
}

}  // namespace multiprocess::detail::os
