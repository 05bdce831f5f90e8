// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace multiprocess::detail {

template <class T>
inline constexpr bool is_plain_value = (form<T> == Form::bytes || form<T> == Form::scalar ||
                                        form<T> == Form::empty) &&
                                       std::is_trivially_copyable_v<T>;

/// Small plain values lie in the slot as they are.
template <class T>
inline constexpr bool fits_slot = is_plain_value<T> && sizeof(T) <= 56 && alignof(T) <= 8;

/// Vectors and strings of plain values: their bytes are the message. They are aligned to 8.
template <class T>
inline constexpr bool is_plain_range = false;
template <class U, class A>
inline constexpr bool is_plain_range<std::vector<U, A>> = is_plain_value<U> && alignof(U) <= 8 &&
                                                          !std::is_same_v<U, bool>;
template <class C, class Traits, class A>
inline constexpr bool is_plain_range<std::basic_string<C, Traits, A>> = is_plain_value<C>;

/// How a T goes into a queue and comes out again.
template <class T>
class QueueItem {
 public:
  static SharedRef create(std::uint64_t capacity, Offset hands = 0) {
    if constexpr (fits_slot<T>) {
      return ItemQueue::create(sizeof(T), capacity, false, type_tag<T>, hands);
    } else {
      return ItemQueue::create(sizeof(BlockItem), capacity, true, type_tag<T>, hands);
    }
  }

  static Outcome put(const ItemQueue& queue, const T& value, os::Deadline deadline) {
    if constexpr (fits_slot<T>) {
      return put_plain(queue, value, deadline);
    } else if constexpr (is_plain_range<T>) {
      return put_bytes(queue, std::as_bytes(std::span(value.data(), value.size())), {}, deadline);
    } else {
      // The user's code runs here, before anything in the queue has changed.
      ScratchBuffer buffer;
      Outgoing beside(false);
      encode_into(*buffer, value);
      return put_bytes(queue, buffer->bytes(), beside.refs(), deadline);
    }
  }

  /// Empty when the queue gave none; why is in `outcome`.
  static std::optional<T> get(const ItemQueue& queue, os::Deadline deadline, Outcome& outcome) {
    if constexpr (fits_slot<T>) {
      return get_plain(queue, deadline, outcome);
    } else if constexpr (is_plain_range<T>) {
      return get_range(queue, deadline, outcome);
    } else {
      return get_encoded(queue, deadline, outcome);
    }
  }

 private:
  static Outcome put_plain(const ItemQueue& queue, const T& value, os::Deadline deadline) {
    Raw<T> copy;
    std::memcpy(static_cast<void*>(&copy), &value, sizeof(T));
    clear_padding(&copy.value);
    return queue.put(deadline, [&copy](std::byte* payload, std::uint64_t) noexcept {
      std::memcpy(payload, &copy, sizeof(T));
    });
  }

  static std::optional<T> get_plain(const ItemQueue& queue, os::Deadline deadline,
                                    Outcome& outcome) {
    Raw<T> copy;
    outcome = queue.get(
        deadline,
        [&copy](const std::byte* payload) noexcept {
          std::memcpy(static_cast<void*>(&copy), payload, sizeof(T));
          return Take::item;
        },
        []() noexcept {});
    return outcome == Outcome::done ? std::optional<T>(copy.value) : std::nullopt;
  }

  static std::optional<T> get_range(const ItemQueue& queue, os::Deadline deadline,
                                    Outcome& outcome) {
    // Where a value may begin in one piece and end in the next, all pieces are waited for first.
    constexpr bool whole_values = MessageHeader::piece % sizeof(typename T::value_type) == 0;
    T value;
    CopyAlong along{&add_piece, &value};
    BlockItem item;
    outcome = get_item(queue, item, whole_values ? &along : nullptr, deadline);
    if (outcome != Outcome::done) {
      return std::nullopt;
    }
    if (!item.is_block()) {
      add_piece(&value, {item.inside, item.size()}, item.size());
      return value;
    }
    const Message message(item.block());
    if (!along.used) {
      add_piece(&value, {}, message.bytes().size());
      add_piece(&value, message.bytes(), message.bytes().size());
    }
    return value;
  }

  /// Appends without clearing the memory first, as resize would. An empty piece begins anew.
  static void add_piece(void* context, Bytes bytes, std::size_t whole) {
    using Item = typename T::value_type;
    T& value = *static_cast<T*>(context);
    if (bytes.empty()) {
      value.clear();
      value.reserve(whole / sizeof(Item));
      if (whole >= os::worth_huge_pages) {
        os::prefer_huge_pages(value.data(), whole);
      }
    } else {
      const auto* const first = reinterpret_cast<const Item*>(bytes.data());
      value.insert(value.end(), first, first + bytes.size() / sizeof(Item));
    }
  }

  static std::optional<T> get_encoded(const ItemQueue& queue, os::Deadline deadline,
                                      Outcome& outcome) {
    BlockItem item;
    outcome = get_item(queue, item, nullptr, deadline);
    if (outcome != Outcome::done) {
      return std::nullopt;
    }
    if (!item.is_block()) {
      return decode_from({item.inside, std::min(item.size(), BlockItem::most_inside)});
    }
    const Message message(item.block());
    const Incoming beside(message.references());
    return decode_from(message.bytes());
  }

  static void encode_into(ByteBuffer& buffer, const T& value) {
    OutputArchive archive(buffer);
    archive(value);
  }

  static T decode_from(Bytes bytes) {
    InputArchive archive(bytes);
    return read_value<T>(archive);
  }
};

}  // namespace multiprocess::detail
