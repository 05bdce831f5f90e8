// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shipment.hpp>

#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <utility>

namespace multiprocess::detail {

namespace {

constinit thread_local Outgoing* sending = nullptr;
constinit thread_local Incoming* receiving = nullptr;

[[noreturn]] void throw_of_the_tree() {
  throw NotSendable(
      "Lock, Queue, Pipe and other shared objects belong to the processes of one tree: a "
      "connection "
      "to another program carries values only");
}

}  // namespace

Outgoing::Outgoing(bool hands_over) noexcept
    : outer_(std::exchange(sending, this)), hands_over_(hands_over) {}

Outgoing::Outgoing(Abroad what) noexcept : Outgoing(what == Abroad::descriptors) {
  abroad_ = true;
}

Outgoing::~Outgoing() {
  sending = outer_;
}

Outgoing* Outgoing::current() noexcept {
  return sending;
}

std::uint32_t Outgoing::add(const SharedRef& ref) {
  if (abroad_) {
    throw_of_the_tree();
  }
  if (const Attachment* const beside = ref.control()->attachment.load(); beside != nullptr) {
    beside->require_sendable();
  }
  constexpr std::size_t few = 16;
  const auto next = static_cast<std::uint32_t>(refs_.size());
  if (next < few) {
    const auto found = std::find(refs_.begin(), refs_.end(), ref);
    if (found != refs_.end()) {
      return static_cast<std::uint32_t>(found - refs_.begin());
    }
  } else {
    for (auto i = static_cast<std::uint32_t>(indices_.size()); i < next; ++i) {
      indices_.try_emplace(refs_[i].offset(), i);
    }
    if (const auto found = indices_.find(ref.offset()); found != indices_.end()) {
      return found->second;
    }
  }
  refs_.push_back(ref);
  return next;
}

std::uint32_t Outgoing::add_descriptor(os::Handle descriptor, const SharedRef& companion,
                                       std::uint64_t meta) {
  if (abroad_ && !hands_over_) {
    throw NotSendable(
        "a descriptor cannot travel on this connection: only processes of one machine, connected "
        "by a Listener at a path, can hand one over");
  }
  if (abroad_ && companion && !is_shared_bytes(companion)) {
    throw_of_the_tree();
  }
  if (hands_over_) {
    refs_.push_back(make_parcel(descriptors_.size(), companion, meta));
    descriptors_.push_back(std::move(descriptor));
  } else {
    const std::uint64_t number = next_deposit();
    refs_.push_back(make_parcel(number, companion, meta));
    deposit(descriptor.get(), number, refs_.back().offset());
  }
  return static_cast<std::uint32_t>(refs_.size() - 1);
}

std::uint32_t Outgoing::add_from(const Incoming& from, std::uint32_t index) {
  if (!from.has_descriptor(index)) {
    return add(from.ref(index));
  }
  ReceivedDescriptor received = from.descriptor(index);
  return add_descriptor(std::move(received.handle), received.companion, received.meta);
}

Incoming::Incoming(std::vector<SharedRef> refs, std::vector<os::Handle> descriptors) noexcept
    : outer_(std::exchange(receiving, this)),
      refs_(std::move(refs)),
      descriptors_(std::move(descriptors)) {}

Incoming::~Incoming() {
  receiving = outer_;
}

Incoming* Incoming::current() noexcept {
  return receiving;
}

SharedRef Incoming::ref(std::uint32_t index) const {
  if (index >= refs_.size()) {
    throw ValueError("the message names a shared object that it does not carry");
  }
  return refs_[index];
}

bool Incoming::has_descriptor(std::uint32_t index) const {
  return as_parcel(ref(index)) != nullptr;
}

ReceivedDescriptor Incoming::descriptor(std::uint32_t index) const {
  const SharedRef parcel_ref = ref(index);
  require_type(parcel_ref, ObjectType::parcel);
  const Parcel* const parcel = as_parcel(parcel_ref);
  if (!parcel->is_deposited() && parcel->place >= descriptors_.size()) {
    throw ValueError("the message names a descriptor that it does not carry");
  }
  const Offset companion = parcel->companion.load(std::memory_order_acquire);
  return {parcel->is_deposited() ? withdraw(parcel->place)
                                 : os::duplicate(descriptors_[parcel->place].get()),
          companion == 0 ? SharedRef() : take_reference(companion), parcel->meta};
}

}  // namespace multiprocess::detail
