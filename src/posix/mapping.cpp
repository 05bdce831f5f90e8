// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/mapping.hpp>

#include <multiprocess/detail/os/around_fork.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace multiprocess::detail::os {

namespace {

constexpr const char* arena_name = "multiprocess-arena";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::byte* map(int fd, std::size_t size) noexcept {
  void* const data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) {
    return nullptr;
  }
  // A core dump would fault in every hole of the reservation.
  madvise(data, size, MADV_DONTDUMP);
  return static_cast<std::byte*>(data);
}

/// The number that follows `key` in a file of the cgroup or /proc kind; `none` where there is none.
std::uint64_t number_in(const char* file, const std::string& key, std::uint64_t none) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key) && line.size() > key.size() &&
        line.find_first_of("0123456789", key.size()) != std::string::npos) {
      return std::stoull(line.substr(line.find_first_of("0123456789", key.size())));
    }
  }
  return none;
}

/// Bytes that can be used before the kernel starts killing: a memfd that outgrows them is answered
/// by the OOM killer, not by an error.
std::uint64_t available_memory() {
  const std::uint64_t unlimited = UINT64_MAX;
  std::uint64_t bytes = number_in("/proc/meminfo", "MemAvailable:", unlimited / 1024) * 1024;
  for (const auto& [limit, usage] :
       {std::pair{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        std::pair{"/sys/fs/cgroup/memory/memory.limit_in_bytes",
                  "/sys/fs/cgroup/memory/memory.usage_in_bytes"}}) {
    const std::uint64_t most = number_in(limit, "", unlimited);
    const std::uint64_t used = number_in(usage, "", 0);
    bytes = std::min(bytes, most > used ? most - used : 0);
  }
  return bytes;
}

/// Asking costs file reads, so an answer is good for a part of what it allowed.
bool is_available(std::size_t size) {
  static std::atomic<std::int64_t> allowance{0};
  const auto wanted = static_cast<std::int64_t>(size);
  if (allowance.fetch_sub(wanted, std::memory_order_relaxed) >= wanted) {
    return true;
  }
  const std::uint64_t free = available_memory();
  if (size > free - free / 16) {
    allowance.store(0, std::memory_order_relaxed);
    return false;
  }
  const std::uint64_t most = 256u << 20;
  allowance.store(static_cast<std::int64_t>(std::min(most, (free - size) / 16)),
                  std::memory_order_relaxed);
  return true;
}

/// A program may be started without standard streams: what others open must not be taken for one,
/// least of all the memory that everybody shares.
void occupy_standard_numbers() noexcept {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) < 0) {
      open("/dev/null", O_RDWR);
    }
  }
}

}  // namespace

void refuse_shortage(std::size_t size) {
  if (!is_available(size)) {
    throw std::system_error(ENOMEM, std::generic_category(),
                            "there are not " + std::to_string(size) + " bytes of memory left");
  }
}

SharedMapping SharedMapping::create(std::size_t reservation, std::size_t smallest) {
  occupy_standard_numbers();
  Handle memory(memfd_create(arena_name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) {
    fail("memfd_create for the shared arena");
  }
  const int fd = static_cast<int>(memory.get());
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    fail("fstat of the shared arena");
  }
  for (std::size_t size = reservation;; size /= 2) {
    if (ftruncate(fd, static_cast<off_t>(size)) == 0) {
      if (std::byte* const data = map(fd, size); data != nullptr) {
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
        return {std::move(memory), data, size, info.st_ino};
      }
    }
    if (size / 2 < smallest) {
      fail("reserving address space for the shared arena");
    }
  }
}

SharedMapping SharedMapping::attach(Handle memory) {
  struct stat info {};
  const int fd = static_cast<int>(memory.get());
  if (fstat(fd, &info) != 0) {
    fail("fstat of the inherited shared arena");
  }
  std::byte* const data = map(fd, static_cast<std::size_t>(info.st_size));
  if (data == nullptr) {
    fail("mapping the inherited shared arena");
  }
  return {std::move(memory), data, static_cast<std::size_t>(info.st_size), info.st_ino};
}

void SharedMapping::commit(std::size_t offset, std::size_t size) {
  if (!is_available(size)) {
    throw std::bad_alloc();
  }
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t first = offset / page * page;
  const std::size_t length = (offset + size + page - 1) / page * page - first;
  // Needs no descriptor: the user may have closed it (closefrom, daemon).
  while (madvise(data_ + first, length, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINVAL &&  // before Linux 5.14
        fallocate(static_cast<int>(handle()), 0, static_cast<off_t>(first),
                  static_cast<off_t>(length)) == 0) {
      return;
    }
    if (errno != EINTR && errno != EAGAIN) {
      throw std::bad_alloc();
    }
  }
}

NativeHandle SharedMapping::handle() const {
  struct stat info {};
  if (fstat(static_cast<int>(memory_.get()), &info) != 0 || info.st_ino != inode_) {
    throw std::system_error(EBADF, std::generic_category(),
                            "the descriptor of the shared arena was closed by this program "
                            "(closefrom, daemon): it can start no process by spawn or forkserver");
  }
  return memory_.get();
}

void SharedMapping::discard(std::size_t offset, std::size_t size) noexcept {
  madvise(data_ + offset, size, MADV_REMOVE);
}

void prefer_huge_pages(void* data, std::size_t size) noexcept {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + size) / page * page;
  if (end > first) {
    madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
  }
}

bool another_arena_is_mapped() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(arena_name) != std::string::npos) {
      return true;
    }
  }
  return false;
}

namespace {

constinit std::atomic<void**> wiped_word{nullptr};
constinit AroundFork wiped_by_hand(AroundFork::Nesting::outer, nullptr, nullptr,
                                   [] { *wiped_word.load(std::memory_order_relaxed) = nullptr; });

}  // namespace

void** fork_wiped_word() {
  if (void** const known = wiped_word.load(std::memory_order_acquire); known != nullptr) {
    return known;
  }
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const page =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    fail("mapping the page that a fork wipes");
  }
  const bool is_wiped = madvise(page, size, MADV_WIPEONFORK) == 0;
  void** others = nullptr;
  if (!wiped_word.compare_exchange_strong(others, static_cast<void**>(page))) {
    munmap(page, size);
    return others;
  }
  if (!is_wiped) {
    wiped_by_hand.begin();
  }
  return static_cast<void**>(page);
}

}  // namespace multiprocess::detail::os
