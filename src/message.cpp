// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/message.hpp>

#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <bit>
#include <climits>
#include <cstring>
#include <memory>
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
  auto& message = *new (at<MessageHeader>(block)) MessageHeader{};
  message.size = size;
  message.references = beside.size();
  message.sender = self().ticket.word();
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

void Message::put(Offset place, std::span<const std::byte> bytes) noexcept {
  auto& message = *new (at<MessageHeader>(place)) MessageHeader{};
  message.size = bytes.size();
  message.pieces.store(message.all_pieces(), std::memory_order_relaxed);  // raw: not seen yet
  std::memcpy(message.bytes(), bytes.data(), bytes.size());
}

Offset Message::pack(std::span<const std::byte> bytes, const Outgoing& beside, Ticket owner) {
  const Offset block = prepare(bytes.size(), beside.refs());
  write(block, bytes.data());
  step::store(owner_word(block), owner::private_to(owner) | owner::message_flag);
  return block;
}

std::size_t MessageHeader::written() const noexcept {
  return std::min<std::size_t>(size, pieces.load(std::memory_order_acquire) * piece);
}

bool MessageHeader::add_piece() noexcept {
  constexpr bool little_endian = std::endian::native == std::endian::little;
  constexpr std::uint64_t one = little_endian ? 1 : std::uint64_t{1} << 32;
  void* const both = &pieces;
  const std::uint64_t before = step::add(*static_cast<std::atomic<std::uint64_t>*>(both), one);
  return static_cast<std::uint32_t>(little_endian ? before >> 32 : before) != 0;
}

void Message::write(Offset block, const std::byte* from) noexcept {
  MessageHeader& message = header(block);
  std::byte* const into = message.bytes();
  const std::size_t size = message.size;
  for (std::size_t done = 0; done < size; done += MessageHeader::piece) {
    std::memcpy(into + done, from + done, std::min(MessageHeader::piece, size - done));
    if (message.add_piece()) {
      os::wake_sleepers(message.pieces, INT_MAX);
    }
  }
}

bool Message::wait_for_more(Offset block, std::size_t seen, os::Deadline deadline) {
  MessageHeader& message = header(block);
  const Ticket sender = Ticket::from(message.sender);
  for (Spin spin; spin.again();) {
    if (message.written() > seen) {
      return true;
    }
  }
  while (message.written() <= seen) {
    Sleep sleep(message.pieces, message.sleepers, Sleep::Place::passing);
    const std::uint32_t pieces = message.pieces.load(std::memory_order_seq_cst);
    if (message.written() > seen) {
      return true;
    }
    if (check_participant(sender)) {
      return message.written() > seen;
    }
    if (sleep.while_equal(pieces, deadline, short_slice) == Woken::deadline) {
      return message.written() > seen;
    }
  }
  return true;
}

void Message::wait_until_written(Offset block) {
  const MessageHeader& message = header(block);
  while (!message.complete() && wait_for_more(block, message.written(), os::never)) {
  }
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

std::size_t Message::written(Offset block) noexcept {
  return header(block).written();
}

std::span<const std::byte> Message::bytes_of(Offset block) noexcept {
  MessageHeader& message = header(block);
  return {message.bytes(), message.size};
}

std::vector<SharedRef> Message::references_of(Offset block) {
  MessageHeader& message = header(block);
  std::vector<SharedRef> taken;
  taken.reserve(message.references);
  for (std::size_t i = 0; i < message.references; ++i) {
    taken.push_back(take_reference(message.entries()[i].load(std::memory_order_acquire)));
  }
  return taken;
}

}  // namespace multiprocess::detail
