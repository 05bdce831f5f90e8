// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/copy_recorder.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace multiprocess::detail {

/// A place in the arena, counted in bytes from its start; 0 is nowhere.
using Offset = std::uint64_t;

/// What else a process may keep beside a reference.
struct Attachment {
  virtual ~Attachment() = default;
  /// Throws NotSendable when the reference may not cross, since this cannot.
  virtual void require_sendable() const = 0;
};

/// What a process keeps privately about one reference to a shared object; see shared_ref.cpp.
struct RefControl {
  RefControl() = default;
  ~RefControl() { delete attachment.load(std::memory_order_acquire); }
  RefControl(const RefControl&) = delete;
  RefControl& operator=(const RefControl&) = delete;

  std::atomic<std::uint32_t> uses{1};
  std::uint32_t entry = 0;    // index in this process's account
  std::uint64_t holder = 0;   // Ticket of the process that has the entry: after a fork the parent
  std::uint64_t created = 0;  // its count of forks when it took the reference
  Offset object = 0;
  std::atomic<std::uint64_t> closed{0};  // for types with close(): Self::owner where it was closed
  std::atomic<Offset> hand{0};           // the Hand or Holding that was ours last
  std::atomic<Attachment*> attachment{nullptr};
};

/// A counted reference to an object in the arena. Copies share one private count, so copying
/// touches no shared memory; the last one gives the reference back.
class SharedRef {
 public:
  SharedRef() noexcept = default;
  /// Takes over a reference that the caller holds in this process's account.
  SharedRef(RefControl* control, void* address) noexcept : control_(control), address_(address) {}
  SharedRef(const SharedRef& other) noexcept : control_(other.control_), address_(other.address_) {
    if (control_ != nullptr) {
      control_->uses.fetch_add(1, std::memory_order_relaxed);
    }
    CopyRecorder::note(this, part_ops);
  }
  SharedRef& operator=(const SharedRef& other) noexcept {
    SharedRef copy(other);
    std::swap(control_, copy.control_);
    std::swap(address_, copy.address_);
    return *this;
  }
  ~SharedRef() {
    if (control_ != nullptr && control_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      give_back(control_);
    }
  }

  void* address() const noexcept { return address_; }
  Offset offset() const noexcept { return control_ == nullptr ? 0 : control_->object; }
  RefControl* control() const noexcept { return control_; }
  explicit operator bool() const noexcept { return control_ != nullptr; }

  /// "The same shared thing", whatever way the two references took.
  friend bool operator==(const SharedRef& a, const SharedRef& b) noexcept {
    return a.address_ == b.address_;
  }

  /// How a reference crosses: as an entry beside the bytes of the message.
  static const PartOps part_ops;

 private:
  static void give_back(RefControl* control) noexcept;

  RefControl* control_ = nullptr;
  void* address_ = nullptr;
};

/// The reference with this index in the message that this thread decodes. Throws RuntimeError when
/// it decodes none, ValueError when the message has no such reference.
SharedRef received_ref(std::uint32_t index);

}  // namespace multiprocess::detail
