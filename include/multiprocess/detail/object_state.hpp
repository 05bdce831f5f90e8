// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/number.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// The tag that a message begins with. Throws TypeError when it is too short for one.
std::uint64_t read_tag(InputArchive& archive, std::string_view wanted);

/// Throws TypeError for another tag.
void require_tag(std::uint64_t found, std::uint64_t tag, std::string_view wanted);

/// What of an encoded Object decides whether it is equal to another one, beside its shared parts.
struct ObjectIdentity {
  std::optional<Number> number;
  std::uint64_t tag = 0;  // 0: it is None, or a number
  Bytes bytes;
};
/// Reads what ObjectState::encode wrote, up to its shared parts.
ObjectIdentity identify_object(InputArchive& archive);

/// What an Object holds: nothing, a number, or the bytes of something with what travels beside
/// them.
class ObjectState {
 public:
  ObjectState() noexcept = default;
  ObjectState(const ObjectState&) = default;
  ObjectState& operator=(const ObjectState&) = default;
  /// Leaves nothing behind.
  ObjectState(ObjectState&& other) noexcept { swap(other); }
  ObjectState& operator=(ObjectState&& other) noexcept {
    ObjectState taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~ObjectState() = default;

  static ObjectState of_number(std::uint64_t tag, Number number);
  static ObjectState of_bytes(std::uint64_t tag, std::string_view type, const void* object,
                              void (*save)(OutputArchive&, const void*));

  /// What the rest of a message holds, of whatever type.
  static ObjectState of_message(std::uint64_t tag, InputArchive& message);

  bool is_none() const noexcept { return holds_ == Holds::nothing; }
  std::uint64_t tag() const noexcept { return tag_; }

  template <class T>
  T number_as() const {
    T result{};
    if (holds_ != Holds::number || !number_.convert(result)) {
      throw_other_type(type_name<T>());
    }
    return result;
  }

  /// Calls `load` with an archive over the bytes. Throws TypeError for another tag.
  void read(std::uint64_t tag, std::string_view wanted, void* into,
            void (*load)(InputArchive&, void*)) const;

  std::string repr() const;
  friend bool operator==(const ObjectState& a, const ObjectState& b) noexcept;

  void encode(OutputArchive& archive) const;
  static ObjectState decode(InputArchive& archive);

 private:
  enum class Holds : unsigned char { nothing, number, bytes };
  void swap(ObjectState& other) noexcept {
    std::swap(holds_, other.holds_);
    std::swap(tag_, other.tag_);
    std::swap(number_, other.number_);
    content_.swap(other.content_);
  }
  struct Content;

  [[noreturn]] void throw_other_type(std::string_view wanted) const;

  Holds holds_ = Holds::nothing;
  std::uint64_t tag_ = 0;
  Number number_;
  std::shared_ptr<const Content> content_;
};

}  // namespace multiprocess::detail
