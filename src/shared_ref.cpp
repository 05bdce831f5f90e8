// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_ref.hpp>

#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include <new>

namespace multiprocess::detail {

namespace {

constexpr std::uint32_t empty_handle = UINT32_MAX;

std::uint32_t send_ref(const void* part) {
  const auto& ref = *static_cast<const SharedRef*>(part);
  Outgoing* const message = Outgoing::current();
  if (message == nullptr) {
    throw RuntimeError(
        "Lock, Queue and other shared objects should only be shared between processes through "
        "inheritance: as an argument or a capture of a Process target, or as an item of a Queue");
  }
  return ref ? message->add(ref) : empty_handle;
}

void receive_ref(void* where, std::uint32_t index) {
  const bool is_empty = index == empty_handle && Incoming::current() != nullptr;
  new (where) SharedRef(is_empty ? SharedRef() : received_ref(index));
}

void destroy_ref(void* part) noexcept {
  static_cast<SharedRef*>(part)->~SharedRef();
}

}  // namespace

SharedRef received_ref(std::uint32_t index) {
  const Incoming* const message = Incoming::current();
  if (message == nullptr) {
    throw RuntimeError("a shared object can only be received with the message that carries it");
  }
  return message->ref(index);
}

constinit const PartOps SharedRef::part_ops{sizeof(SharedRef), &send_ref, &receive_ref,
                                            &destroy_ref};

}  // namespace multiprocess::detail
