// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/message.hpp>

#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <new>

namespace multiprocess::detail {

namespace {

MessageHeader& header(Offset block) {
  return *at<MessageHeader>(block);
}

void fill_references(MessageHeader& message, std::span<const SharedRef> beside) {
  for (std::size_t i = 0; i < beside.size(); ++i) {
    add_reference(message.entries()[i], beside[i].offset());
  }
}

}  // namespace

Offset Message::prepare(std::size_t size, std::span<const SharedRef> beside) {
  const Offset block = allocate(sizeof(MessageHeader) + beside.size() * sizeof(RefEntry) + size);
  auto& message = *new (at<MessageHeader>(block)) MessageHeader{size, beside.size()};
  if (!beside.empty()) {
    std::uninitialized_value_construct_n(message.entries(), beside.size());
    step::store(owner_word(block), owner::private_to(self().ticket) | owner::message_flag);
    try {
      fill_references(message, beside);
    } catch (...) {
      drop(block);
      throw;
    }
  }
  return block;
}

Offset Message::pack(std::span<const std::byte> bytes, const Outgoing& beside, Ticket owner) {
  const Offset block = prepare(bytes.size(), beside.refs());
  std::copy(bytes.begin(), bytes.end(), header(block).bytes());
  step::store(owner_word(block), owner::private_to(owner) | owner::message_flag);
  return block;
}

void Message::drop(Offset block) noexcept {
  MessageHeader& message = header(block);
  for (std::size_t i = 0; i < message.references; ++i) {
    drop_reference(message.entries()[i]);
  }
  reclaim(block);
}

Message::Message(Offset block) noexcept : block_(block) {
  step::store(owner_word(block), owner::private_to(self().ticket) | owner::message_flag);
}

std::span<const std::byte> Message::bytes() const noexcept {
  MessageHeader& message = header(block_);
  return {message.bytes(), message.size};
}

std::vector<SharedRef> Message::references() const {
  MessageHeader& message = header(block_);
  std::vector<SharedRef> taken;
  taken.reserve(message.references);
  for (std::size_t i = 0; i < message.references; ++i) {
    taken.push_back(take_reference(message.entries()[i].load(std::memory_order_acquire)));
  }
  return taken;
}

}  // namespace multiprocess::detail
