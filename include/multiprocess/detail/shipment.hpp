// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail {

/// A descriptor out of a message, and what was sent with it.
struct ReceivedDescriptor {
  os::Handle handle;
  SharedRef companion;
  std::uint64_t meta = 0;
};

class Incoming;

/// What travels beside the bytes of one message: references to shared objects, descriptors.
/// Active on the thread that encodes, from construction to destruction (they nest).
class Outgoing {
 public:
  /// `hands_over`: the sender gives the descriptors to the receiver itself, who is about to start.
  /// Otherwise the keeper of the tree has them meanwhile.
  explicit Outgoing(bool hands_over) noexcept;

  /// To another program: bytes, and descriptors that are handed over where the stream takes them.
  /// Everything else is NotSendable.
  enum class Abroad { bytes, descriptors };
  explicit Outgoing(Abroad what) noexcept;

  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  /// Null when nothing is being sent: then a handle cannot be encoded (`dumps(lock)`).
  static Outgoing* current() noexcept;

  /// Index of the reference in the message: one for each object.
  std::uint32_t add(const SharedRef& ref);

  /// Index of a reference that stands for the descriptor. With it go a shared object that belongs
  /// to it, if any, and a number. Throws as deposit() does.
  std::uint32_t add_descriptor(os::Handle descriptor, const SharedRef& companion = {},
                               std::uint64_t meta = 0);

  /// Index of what `from` has at an index of its own, reference or descriptor.
  std::uint32_t add_from(const Incoming& from, std::uint32_t index);

  /// Whether the receiver is another program.
  bool leaves_the_tree() const noexcept { return abroad_; }

  const std::vector<SharedRef>& refs() const noexcept { return refs_; }
  /// Those to be handed over.
  std::vector<os::Handle>& descriptors() noexcept { return descriptors_; }

 private:
  Outgoing* outer_;
  bool hands_over_;
  bool abroad_ = false;
  std::vector<SharedRef> refs_;
  std::unordered_map<Offset, std::uint32_t> indices_;  // of refs_, once there are many
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

  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(refs_.size()); }

  /// Throws ValueError for an index that the message does not have.
  SharedRef ref(std::uint32_t index) const;

  /// True when a descriptor was added there. Throws as above.
  bool has_descriptor(std::uint32_t index) const;

  /// A duplicate, as often as it is asked for. Throws TypeError where something else was added,
  /// else as withdraw() does.
  ReceivedDescriptor descriptor(std::uint32_t index) const;

 private:
  Incoming* outer_;
  std::vector<SharedRef> refs_;
  std::vector<os::Handle> descriptors_;
};

}  // namespace multiprocess::detail
