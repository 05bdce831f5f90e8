// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shipment.hpp>

#include <multiprocess/error.hpp>

#include <algorithm>
#include <utility>

namespace multiprocess::detail {

namespace {

constinit thread_local Outgoing* sending = nullptr;
constinit thread_local Incoming* receiving = nullptr;

}  // namespace

Outgoing::Outgoing(bool descriptors) noexcept
    : outer_(std::exchange(sending, this)), carries_descriptors_(descriptors) {}

Outgoing::~Outgoing() {
  sending = outer_;
}

Outgoing* Outgoing::current() noexcept {
  return sending;
}

std::uint32_t Outgoing::add(const SharedRef& ref) {
  const auto found = std::find(refs_.begin(), refs_.end(), ref);
  if (found != refs_.end()) {
    return static_cast<std::uint32_t>(found - refs_.begin());
  }
  refs_.push_back(ref);
  return static_cast<std::uint32_t>(refs_.size() - 1);
}

std::uint32_t Outgoing::add_descriptor(os::Handle descriptor) {
  if (!carries_descriptors_) {
    throw NotSendable(
        "a descriptor cannot travel on this channel: pass it as an argument of a Process");
  }
  descriptors_.push_back(std::move(descriptor));
  return static_cast<std::uint32_t>(descriptors_.size() - 1);
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

os::Handle Incoming::descriptor(std::uint32_t index) {
  if (index >= descriptors_.size()) {
    throw ValueError("the message names a descriptor that it does not carry");
  }
  return os::duplicate(descriptors_[index].get());
}

}  // namespace multiprocess::detail
