// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/object_state.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// Whether values of T may cross a process boundary. They cross by T's own serialize, save or load
/// if it has one; else containers and other std types by what they hold, aggregates member by
/// member, and what is trivially copyable and free of pointers by its bytes. Raw pointers,
/// references, views, std::function, mutexes and the like do not.
///
/// A closure may be sendable and yet refused when it is sent: for a pointer that it captured.
template <class T>
inline constexpr bool sendable = detail::sendable_in<std::remove_cvref_t<T>>();

/// The bytes of a value, which `loads<T>` in any process of the same program turns into an equal
/// one.
///
/// Throws NotSendable for closures that captured pointers to the stack or heap, RuntimeError for
/// shared objects (Lock, Queue, ...): those are sent, not stored.
template <class T>
std::vector<std::byte> dumps(const T& value) {
  using Kept = detail::stored_t<T>;
  detail::require_sendable<Kept>();
  detail::ScratchBuffer buffer;
  detail::OutputArchive archive(*buffer);
  archive.put(detail::type_tag<Kept>);
  if constexpr (std::is_same_v<Kept, T>) {
    detail::save_value(archive, value);
  } else {
    detail::save_value(archive, detail::store(value));
  }
  const detail::Bytes bytes = buffer->bytes();
  return {bytes.begin(), bytes.end()};
}

/// The value that `dumps` made `bytes` of.
///
/// Throws TypeError when they are of another type or not from `dumps` at all, ValueError when they
/// are damaged: too short, too long, or impossible inside.
template <class T>
T loads(std::span<const std::byte> bytes) {
  detail::require_sendable<T>();
  detail::InputArchive archive(bytes);
  detail::require_tag(detail::read_tag(archive, detail::type_name<T>()), detail::type_tag<T>,
                      detail::type_name<T>());
  T value = detail::read_value<T>(archive);
  archive.expect_end();
  return value;
}

class Object;
namespace detail {
std::string repr_of(const Object& object);
}

/// Any one value that can be sent, or None: for queues and connections that carry all sorts of
/// things. It keeps the value as it was when the Object was made; copies share it.
class Object {
 public:
  static constexpr bool multiprocess_codec = true;

  /// None.
  Object() noexcept = default;
  Object(std::nullptr_t) noexcept {}
  Object(std::nullopt_t) noexcept {}

  /// A copy of the value; literals, char* and string_view become std::string.
  /// Throws as `dumps` does, except that shared objects are welcome.
  template <class T>
  requires(!std::derived_from<std::remove_cvref_t<T>, Object>) Object(T&& value) {
    using Kept = detail::stored_t<T>;
    detail::require_sendable<Kept>();
    if constexpr (detail::is_number<Kept>) {
      state_ = detail::ObjectState::of_number(detail::type_tag<Kept>, detail::Number(Kept(value)));
    } else {
      const Kept kept = detail::store(std::forward<T>(value));
      state_ = detail::ObjectState::of_bytes(
          detail::type_tag<Kept>, detail::type_name<Kept>(), &kept,
          [](detail::OutputArchive& archive, const void* object) {
            detail::save_value(archive, *static_cast<const Kept*>(object));
          });
    }
  }

  /// The value. Between numbers it converts where nothing is lost: 3.0 is an int, 3.5 is not.
  /// Throws TypeError when it is something else.
  template <class T>
  T as() const {
    detail::require_sendable<T>();
    if constexpr (detail::is_number<T>) {
      return state_.template number_as<T>();
    } else {
      std::optional<T> value;
      state_.read(detail::type_tag<T>, detail::type_name<T>(), &value,
                  [](detail::InputArchive& archive, void* into) {
                    static_cast<std::optional<T>*>(into)->emplace(detail::read_value<T>(archive));
                  });
      return *std::move(value);
    }
  }

  /// Whether it was made from exactly this type.
  template <class T>
  bool is() const noexcept {
    return !is_none() && state_.tag() == detail::type_tag<T>;
  }

  bool is_none() const noexcept { return state_.is_none(); }

  /// Numbers are equal when they have the same value, whatever their types; other things when they
  /// have the same type and the same bytes. What an Object can be made of is compared as one.
  template <std::same_as<Object> A, std::convertible_to<Object> B>
  friend bool operator==(const A& a, const B& b) {
    return a.state_ == static_cast<const Object&>(b).state_;
  }

  /// None, numbers and strings as Python's repr shows them, likewise vectors, maps with keys of
  /// int or std::string, pairs and optionals of int, std::int64_t, double, std::string and Object;
  /// the rest as `<Object of Point>`.
  template <std::same_as<Object> A>  // and not whatever an Object can be made of
  friend std::string mp_repr(const A& object) {
    return detail::repr_of(object);
  }
  friend std::string detail::repr_of(const Object& object);

  void encode(detail::OutputArchive& archive) const { state_.encode(archive); }
  static Object of_message(std::uint64_t tag, detail::InputArchive& message) {
    Object object;
    object.state_ = detail::ObjectState::of_message(tag, message);
    return object;
  }
  static Object decode(detail::InputArchive& archive) {
    Object object;
    object.state_ = detail::ObjectState::decode(archive);
    return object;
  }

 private:
  detail::ObjectState state_;
};

/// The Object that is nothing, as in Python.
inline const Object None{};

namespace detail {

/// A whole message that says what it is; `dumps` writes the same.
template <class T>
void save_message(OutputArchive& archive, const void* value) {
  archive.put(type_tag<T>);
  detail::save_value(archive, *static_cast<const T*>(value));
}

/// An Object takes whatever was sent, and what was sent as an Object may be taken as what it holds.
template <class T>
T read_message(InputArchive& archive) {
  const std::uint64_t tag = read_tag(archive, type_name<T>());
  if constexpr (std::is_same_v<T, Object>) {
    return tag == type_tag<Object> ? Object::decode(archive) : Object::of_message(tag, archive);
  } else {
    if (tag == type_tag<Object>) {
      return Object::decode(archive).template as<T>();
    }
    require_tag(tag, type_tag<T>, type_name<T>());
    return detail::read_value<T>(archive);
  }
}

}  // namespace detail

}  // namespace multiprocess
