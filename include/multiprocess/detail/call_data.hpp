// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/serialization.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

template <class T>
void read_into(InputArchive& archive, void* into) {
  static_cast<std::optional<T>*>(into)->emplace(read_message<T>(archive));
}

/// Whether two values are equal just when their bytes are, so that a server can compare them.
template <class T>
inline constexpr bool equal_as_bytes = std::is_integral_v<T> || std::is_enum_v<T> ||
                                       (form<T> == Form::handle && !std::is_empty_v<T>);
template <class C, class Traits, class A>
inline constexpr bool equal_as_bytes<std::basic_string<C, Traits, A>> = true;
template <class T, class A>
inline constexpr bool equal_as_bytes<std::vector<T, A>> = equal_as_bytes<T>;
template <class T, std::size_t N>
inline constexpr bool equal_as_bytes<std::array<T, N>> = equal_as_bytes<T>;
template <class... T>
inline constexpr bool equal_as_bytes<std::tuple<T...>> = (equal_as_bytes<T> && ...);
template <class A, class B>
inline constexpr bool equal_as_bytes<std::pair<A, B>> = equal_as_bytes<A>&& equal_as_bytes<B>;

/// A value as a server keeps it: its bytes (tag first, as save_message writes them) and the
/// references beside them. The server never looks inside.
class Blob {
 public:
  Blob() = default;
  Blob(Bytes bytes, std::vector<SharedRef> refs);
  Blob(const Blob& other);
  Blob& operator=(const Blob& other);
  Blob(Blob&&) noexcept = default;
  Blob& operator=(Blob&&) noexcept = default;
  ~Blob() = default;

  Bytes bytes() const noexcept { return std::as_bytes(std::span(bytes_.data(), bytes_.size())); }
  std::span<const SharedRef> refs() const noexcept {
    return refs_ == nullptr ? std::span<const SharedRef>() : std::span<const SharedRef>(*refs_);
  }

  template <class T>
  static Blob of(const T& value);
  template <class T>
  T as() const {
    std::optional<T> value;
    read(&value, &read_into<T>);
    return *std::move(value);
  }

  /// The same bytes, and the same objects beside them.
  friend bool operator==(const Blob& a, const Blob& b) noexcept;

 private:
  void read(void* into, void (*load)(InputArchive&, void*)) const;

  std::string bytes_;  // short ones lie inside
  std::unique_ptr<std::vector<SharedRef>> refs_;
};

/// A buffer that allocates nothing while what it holds is short.
class ShortBuffer final : public ByteBuffer {
 public:
  ShortBuffer() noexcept;
  ~ShortBuffer() override;

 private:
  void grow(std::size_t more) override;

  alignas(8) std::array<std::byte, 240> inside_;
};

/// Writes what a call or an answer carries: numbers, texts, values. All begin at multiples of 8.
class CallWriter {
 public:
  void put(std::uint64_t number) {
    std::memcpy(buffer_.extend(sizeof(number)), &number, sizeof(number));
  }
  void put_signed(std::int64_t number) { put(static_cast<std::uint64_t>(number)); }
  void put_text(std::string_view text) { put_bytes(std::as_bytes(std::span(text))); }
  void put_bytes(Bytes bytes);
  /// As they are: what another writer wrote.
  void append(Bytes bytes) { std::copy(bytes.begin(), bytes.end(), buffer_.extend(bytes.size())); }
  void put_blob(Bytes bytes, std::span<const SharedRef> refs);
  void put_ref(SharedRef ref) {
    put(refs_.size());
    refs_.push_back(std::move(ref));
  }
  void put_blob(const Blob& blob) { put_blob(blob.bytes(), blob.refs()); }
  /// Runs the user's code.
  template <class T>
  void put_value(const T& value) {
    using Kept = stored_t<T>;
    if constexpr (std::is_same_v<Kept, T>) {
      put_encoded(&value, &save_message<T>);
    } else {
      const Kept kept = detail::store(value);
      put_encoded(&kept, &save_message<Kept>);
    }
  }
  void put_encoded(const void* value, void (*save)(OutputArchive&, const void*));

  /// For what is known later: overwrites the number at this place.
  void set(std::size_t position, std::uint64_t number) {
    std::memcpy(buffer_.data() + position, &number, sizeof(number));
  }
  std::size_t position() const noexcept { return buffer_.size(); }

  Bytes bytes() const noexcept { return buffer_.bytes(); }
  std::span<const SharedRef> refs() const noexcept { return refs_; }
  void clear() noexcept {
    buffer_.clear();
    refs_.clear();
  }

 private:
  ShortBuffer buffer_;
  std::vector<SharedRef> refs_;
};

/// Reads what a CallWriter wrote. Throws ValueError where something else is there. Texts and bytes
/// lie in the message.
class CallReader {
 public:
  CallReader() = default;
  CallReader(Bytes bytes, std::span<const SharedRef> refs) noexcept : rest_(bytes), refs_(refs) {}

  std::uint64_t get() {
    std::uint64_t number = 0;
    std::memcpy(&number, take(sizeof(number)).data(), sizeof(number));
    return number;
  }
  std::int64_t get_signed() { return static_cast<std::int64_t>(get()); }
  Bytes get_bytes();
  std::string_view get_text() {
    const Bytes bytes = get_bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  Blob get_blob();
  SharedRef get_ref();
  template <class T>
  T get_value() {
    std::optional<T> value;
    get_encoded(&value, &read_into<T>);
    return *std::move(value);
  }
  void get_encoded(void* into, void (*read)(InputArchive&, void*));

  bool at_end() const noexcept { return rest_.empty(); }
  Bytes rest() const noexcept { return rest_; }

 private:
  struct Part {
    Bytes bytes;
    std::vector<SharedRef> refs;
  };
  Bytes take(std::size_t size) {
    if (size > rest_.size()) [[unlikely]] {
      throw_too_short(0, size, rest_.size());
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  Part get_part();

  Bytes rest_;
  std::span<const SharedRef> refs_;
};

template <class T>
Blob Blob::of(const T& value) {
  CallWriter writer;
  writer.put_value(value);
  return CallReader(writer.bytes(), writer.refs()).get_blob();
}

}  // namespace multiprocess::detail
