// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <multiprocess/detail/os/random.hpp>

#include <new>
#include <string>
#include <system_error>

namespace multiprocess::test {

/// A T of zeros in memory that has nothing to do with the library's, and that any process can open
/// which is told its path.
template <class T>
class SharedFile {
 public:
  SharedFile() : SharedFile("test-" + std::to_string(detail::os::random_number())) {}
  explicit SharedFile(const std::string& path)
      : path_(path),
        section_(CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, sizeof(T),
                                    path.c_str())),
        data_(static_cast<T*>(MapViewOfFile(section_, FILE_MAP_WRITE, 0, 0, sizeof(T)))) {
    if (data_ == nullptr) {
      throw std::bad_alloc();
    }
  }
  ~SharedFile() {
    UnmapViewOfFile(data_);
    CloseHandle(section_);
  }
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  /// While this process lives.
  const std::string& path() const { return path_; }

  T* operator->() const noexcept { return data_; }
  T& operator*() const noexcept { return *data_; }

 private:
  std::string path_;
  HANDLE section_;
  T* data_;
};

}  // namespace multiprocess::test
