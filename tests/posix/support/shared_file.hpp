// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <system_error>

namespace multiprocess::test {

/// A T of zeros in memory that has nothing to do with the library's, and that any process can open
/// which is told its path.
template <class T>
class SharedFile {
 public:
  SharedFile() : file_(checked(memfd_create("test", MFD_CLOEXEC))) {
    checked(ftruncate(file_, sizeof(T)));
    data_ = map();
  }
  explicit SharedFile(const std::string& path)
      : file_(checked(open(path.c_str(), O_RDWR | O_CLOEXEC))), data_(map()) {}
  ~SharedFile() {
    munmap(data_, sizeof(T));
    close(file_);
  }
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  /// While this process lives.
  std::string path() const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file_);
  }

  T* operator->() const noexcept { return data_; }
  T& operator*() const noexcept { return *data_; }

 private:
  static int checked(int result) {
    if (result < 0) {
      throw std::system_error(errno, std::generic_category(), "a shared file");
    }
    return result;
  }
  T* map() const {
    void* const data = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    checked(data == MAP_FAILED ? -1 : 0);
    return static_cast<T*>(data);
  }

  int file_;
  T* data_;
};

}  // namespace multiprocess::test
