// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstdint>
#include <vector>

namespace multiprocess::detail {

/// What travels beside the bytes of one message: references to shared objects, descriptors.
/// Active on the thread that encodes, from construction to destruction (they nest).
class Outgoing {
 public:
  /// `descriptors`: whether this channel can carry descriptors at all.
  explicit Outgoing(bool descriptors) noexcept;
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  /// Null when nothing is being sent: then a handle cannot be encoded (`dumps(lock)`).
  static Outgoing* current() noexcept;

  /// Index of the reference (one entry per object) or descriptor in the message.
  std::uint32_t add(const SharedRef& ref);
  std::uint32_t add_descriptor(os::Handle descriptor);  // NotSendable where the channel has none

  const std::vector<SharedRef>& refs() const noexcept { return refs_; }
  std::vector<os::Handle>& descriptors() noexcept { return descriptors_; }

 private:
  Outgoing* outer_;
  bool carries_descriptors_;
  std::vector<SharedRef> refs_;
  std::vector<os::Handle> descriptors_;
};

/// The receiving end of Outgoing; active on the thread that decodes.
class Incoming {
 public:
  explicit Incoming(std::vector<SharedRef> refs = {},
                    std::vector<os::Handle> descriptors = {}) noexcept;
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  static Incoming* current() noexcept;

  /// Throws ValueError for an index that the message does not have.
  SharedRef ref(std::uint32_t index) const;
  os::Handle descriptor(std::uint32_t index);  // a duplicate

 private:
  Incoming* outer_;
  std::vector<SharedRef> refs_;
  std::vector<os::Handle> descriptors_;
};

}  // namespace multiprocess::detail
