// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/block_item.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <cstring>

namespace multiprocess::detail {

namespace {

constexpr std::size_t large = std::size_t{128} << 10;

Outcome put_inside(const ItemQueue& queue, Bytes bytes, os::Deadline deadline) {
  return queue.put(deadline, [bytes](std::byte* payload, std::uint64_t) noexcept {
    const std::uint64_t word = bytes.size() << 2 | 1;
    std::memcpy(payload, &word, sizeof(word));
    std::copy(bytes.begin(), bytes.end(), payload + sizeof(word));
  });
}

/// The slot names the block before the block says that it is the queue's: so whoever takes over
/// from a killed putter finds it one way or the other.
Outcome put_block(const ItemQueue& queue, Offset block, bool has_references,
                  os::Deadline deadline) {
  const std::size_t size = at<MessageHeader>(block)->size;
  return queue.put(deadline, [&](std::byte* payload, std::uint64_t position) noexcept {
    const std::uint64_t word = block | 2;
    step::store(*reinterpret_cast<std::atomic<std::uint64_t>*>(payload), word);
    step::store(owner_word(block),
                queue.item_owner(position) | (has_references ? owner::message_flag : 0));
    const std::uint64_t sum = queue.count_put(size);
    std::memcpy(payload + sizeof(word), &sum, sizeof(sum));
  });
}

enum class Copied { whole, cut_short, time_up };

/// Follows a message that is still being written.
Copied copy_along(Offset block, CopyAlong* along, os::Deadline deadline) {
  MessageHeader& message = *at<MessageHeader>(block);
  std::size_t seen = 0;
  if (along != nullptr) {
    along->used = true;
    along->piece(along->context, {}, message.size);
  }
  while (true) {
    const std::size_t written = message.written();
    if (along != nullptr && written != seen) {
      along->piece(along->context, {message.bytes() + seen, written - seen}, message.size);
    }
    seen = written;
    if (seen == message.size) {
      return Copied::whole;
    }
    if (!Message::wait_for_more(block, seen, deadline)) {
      return is_over(Ticket::from(message.sender)) ? Copied::cut_short : Copied::time_up;
    }
  }
}

}  // namespace

Outcome put_bytes(const ItemQueue& queue, Bytes bytes, std::span<const SharedRef> beside,
                  os::Deadline deadline) {
  if (bytes.size() <= BlockItem::most_inside && beside.empty()) {
    return put_inside(queue, bytes, deadline);
  }
  const Offset block = Message::prepare(bytes.size(), beside);
  const bool is_large = bytes.size() >= large;
  if (!is_large) {
    Message::write(block, bytes.data());
  }
  Outcome outcome = Outcome::time_up;
  try {
    outcome = put_block(queue, block, !beside.empty(), deadline);
  } catch (...) {
    Message::drop(block);
    throw;
  }
  if (outcome != Outcome::done) {
    Message::drop(block);
  } else if (is_large) {
    Message::write(block, bytes.data());
  }
  return outcome;
}

Outcome get_item(const ItemQueue& queue, BlockItem& item, CopyAlong* along, os::Deadline deadline) {
  while (true) {
    Copied copied = Copied::whole;
    const auto take = [&](const std::byte* payload) {
      std::memcpy(&item, payload, sizeof(item));
      if (item.is_block() && !at<MessageHeader>(item.block())->complete()) {
        copied = copy_along(item.block(), along, deadline);
      }
      return copied == Copied::whole       ? Take::item
             : copied == Copied::cut_short ? Take::discard
                                           : Take::nothing;
    };
    const auto keep = [&]() noexcept {
      if (item.is_block()) {
        queue.count_got(item.bytes_put());
        step::store(owner_word(item.block()),
                    owner::private_to(self().ticket) | owner::message_flag);
      }
    };
    const Outcome outcome = queue.get(deadline, take, keep);
    if (outcome != Outcome::done || copied == Copied::whole) {
      return outcome;
    }
    Message::drop(item.block());
    queue.tell_joiners();
    if (along != nullptr) {
      along->piece(along->context, {}, 0);  // what came of it is forgotten
      along->used = false;
    }
  }
}

}  // namespace multiprocess::detail
