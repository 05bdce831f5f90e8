// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace multiprocess::detail {

/// How a part of an object that is not plain bytes (a shared handle, a descriptor) crosses.
struct PartOps {
  std::size_t size;
  /// Adds the part to Outgoing::current() and returns its index there. Throws NotSendable.
  std::uint32_t (*send)(const void* part);
  /// Constructs the part at `where` from entry `index` of Incoming::current().
  void (*receive)(void* where, std::uint32_t index);
  /// Undoes receive, when a later part of the same message turns out to be damaged.
  void (*destroy)(void* part) noexcept = nullptr;

  // Found by its place in the program when a closure arrives: these tell that it is one.
  static constexpr std::uint64_t the_magic = 0x6d70'7061'7274'6f70U;
  std::uint64_t magic = the_magic;
  const PartOps* self = this;
};

/// While one is active on a thread, the noexcept copy constructors of our handles tell it where the
/// copies lie: so the handles inside a closure are found, although nothing else knows its layout.
class CopyRecorder {
 public:
  struct Part {
    void* copy;
    const PartOps* ops;
  };
  static constexpr std::size_t most_parts = 64;

  CopyRecorder() noexcept : outer_(active_) { active_ = this; }
  ~CopyRecorder() { active_ = outer_; }
  CopyRecorder(const CopyRecorder&) = delete;
  CopyRecorder& operator=(const CopyRecorder&) = delete;

  /// Called by a handle's copy constructor with its own address.
  static void note(void* copy, const PartOps& ops) noexcept {
    if (active_ != nullptr) [[unlikely]] {
      active_->add(copy, ops);
    }
  }

  std::span<const Part> parts() const noexcept { return {parts_.data(), count_}; }
  bool overflowed() const noexcept { return overflowed_; }

 private:
  void add(void* copy, const PartOps& ops) noexcept {
    if (count_ == most_parts) {
      overflowed_ = true;
    } else {
      parts_[count_++] = {copy, &ops};
    }
  }

  static inline constinit thread_local CopyRecorder* active_ = nullptr;
  CopyRecorder* outer_;
  std::array<Part, most_parts> parts_;
  std::size_t count_ = 0;
  bool overflowed_ = false;
};

}  // namespace multiprocess::detail
