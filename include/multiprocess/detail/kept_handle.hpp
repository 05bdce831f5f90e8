// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstdint>
#include <utility>

namespace multiprocess::detail {

/// A handle of a stream that is not closed twice, nor taken for another one, when somebody closes
/// all descriptors behind our back and the number means something else from then on.
class KeptHandle {
 public:
  KeptHandle() = default;
  explicit KeptHandle(os::Handle handle) noexcept
      : handle_(std::move(handle)), id_(os::stream_id(handle_.get())) {}
  KeptHandle(const KeptHandle&) = delete;
  KeptHandle& operator=(KeptHandle&& other) noexcept {
    reset();
    handle_ = std::move(other.handle_);
    id_ = other.id_;
    return *this;
  }
  ~KeptHandle() { reset(); }

  os::NativeHandle get() const noexcept { return handle_.get(); }
  explicit operator bool() const noexcept { return handle_ && os::stream_id(handle_.get()) == id_; }
  void reset() noexcept {
    if (!*this) {
      handle_.release();
    }
    handle_.reset();
  }

 private:
  os::Handle handle_;
  std::uint64_t id_ = 0;
};

}  // namespace multiprocess::detail
