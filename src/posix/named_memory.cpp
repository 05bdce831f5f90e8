// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/named_memory.hpp>

#include <multiprocess/detail/os/mapping.hpp>

#include "system_error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace multiprocess::detail::os {

namespace {

/// Where the C library keeps what shm_open opens.
constexpr const char* folder = "/dev/shm";

std::string about(const char* call, const std::string& name) {
  return std::string(call) + " of the shared memory '" + name + "'";
}

/// What cannot be the name of a file there.
void require_name(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    throw last_error(about("the name", name), EINVAL);
  }
}

int fd_of(const Handle& file) {
  return static_cast<int>(file.get());
}

/// So that no access can fail later: what is not there yet would be a SIGBUS then.
void allocate_all(const Handle& file, std::size_t size) {
  refuse_shortage(size);
  int error = EINTR;
  while (error == EINTR) {
    error = posix_fallocate(fd_of(file), 0, static_cast<off_t>(size));
  }
  if (error != 0) {
    throw last_error("reserving " + std::to_string(size) + " bytes of shared memory", error);
  }
}

struct stat facts_of(const Handle& file) {
  struct stat facts {};
  if (fstat(fd_of(file), &facts) != 0) {
    throw last_error("fstat of shared memory");
  }
  return facts;
}

}  // namespace

NamedMemory::NamedMemory(Handle file, std::size_t size, std::uint64_t id)
    : file_(std::move(file)), size_(size), id_(id) {
  void* const data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_of(file_), 0);
  if (data == MAP_FAILED) {
    throw last_error("mapping shared memory");
  }
  data_ = static_cast<std::byte*>(data);
}

NamedMemory::NamedMemory(NamedMemory&& other) noexcept
    : file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      id_(other.id_) {}

NamedMemory::~NamedMemory() {
  if (data_ != nullptr) {
    munmap(data_, size_);
  }
}

NamedMemory NamedMemory::create(std::size_t size) {
  // Without a name at first: nobody sees a block that is half made, and if this process is killed
  // before it has one, nothing stays behind.
  Handle file(::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file || fchmod(fd_of(file), S_IRUSR | S_IWUSR) != 0) {  // whatever the umask says
    throw last_error("making shared memory");
  }
  allocate_all(file, size);
  const std::uint64_t id = facts_of(file).st_ino;
  return {std::move(file), size, id};
}

void NamedMemory::publish(const std::string& name) {
  require_name(name);
  const std::string from = "/proc/self/fd/" + std::to_string(file_.get());
  const std::string to = std::string(folder) + "/" + name;
  if (linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    throw last_error(about("creating", name));
  }
}

NamedMemory NamedMemory::open(const std::string& name) {
  require_name(name);
  Handle file(shm_open(("/" + name).c_str(), O_RDWR, 0));
  if (!file) {
    throw last_error(about("opening", name));
  }
  const struct stat facts = facts_of(file);
  if (!S_ISREG(facts.st_mode) || facts.st_size <= 0) {
    throw last_error(about("opening", name) + ": it is empty, or no memory at all", EINVAL);
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (static_cast<std::size_t>(facts.st_blocks) * 512 < size) {
    allocate_all(file, size);
  }
  return {std::move(file), size, facts.st_ino};
}

void remove_name(const std::string& name) {
  require_name(name);
  if (shm_unlink(("/" + name).c_str()) != 0) {
    throw last_error(about("unlinking", name));
  }
}

bool names_stay() noexcept {
  return true;
}

std::string_view name_prefix() noexcept {
  return "psm_";
}

bool remove_name_of(const std::string& name, std::uint64_t id) noexcept {
  struct stat facts {};
  const std::string path = std::string(folder) + "/" + name;
  return lstat(path.c_str(), &facts) == 0 && facts.st_ino == id && unlink(path.c_str()) == 0;
}

}  // namespace multiprocess::detail::os
