// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/remote_error.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>

namespace multiprocess {
namespace detail {

template <class E>
inline constexpr bool exception_has_codec = form<E> == Form::own;

template <class E>
std::string encode_exception(const E& error) {
  if constexpr (exception_has_codec<E>) {
    ByteBuffer buffer;
    OutputArchive archive(buffer);
    archive(error);
    return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
  } else {
    return error.what();
  }
}

template <class E>
E decode_exception(const std::string& payload) {
  if constexpr (exception_has_codec<E>) {
    InputArchive archive(std::as_bytes(std::span(payload)));
    return read_value<E>(archive);
  } else if constexpr (std::constructible_from<E, const std::string&>) {
    return E(payload);
  } else {
    return E(payload.c_str());
  }
}

/// Links itself in before main of every process that runs this program.
template <class E>
class ExceptionRegistration {
 public:
  ExceptionRegistration() noexcept { add_exception_codec(codec_); }

 private:
  static std::optional<std::string> encode() {
    try {
      throw;
    } catch (const E& error) {
      return detail::encode_exception(error);
    } catch (...) {
      return std::nullopt;
    }
  }

  static void throw_decoded(const RemoteException& packed) {
    throw_with_traceback(decode_exception<E>(packed.payload), packed.traceback);
  }

  ExceptionCodec codec_{&typeid(E), &encode, &throw_decoded};
};

template <class E>
inline const ExceptionRegistration<E> exception_registration;

}  // namespace detail

/// Stands for a registration; it may be dropped.
struct ExceptionToken {
  const void* registration;
};

/// Makes exceptions of type E cross processes as what they are: naming this anywhere in a program
/// registers E in each of its processes before main, whether or not the call is ever reached.
///
/// E has `serialize` and a default constructor, or can be made from its `what()`. Without it an E
/// arrives as its nearest std base with RemoteError mixed in; so does one whose `serialize` throws,
/// and its traceback says why.
template <class E>
ExceptionToken register_exception() noexcept {
  static_assert(std::is_class_v<E> && !std::is_const_v<E>, "register_exception<E>(): E is a class");
  constexpr bool from_text = requires(const E& error, const std::string& text) {
    { error.what() } -> std::convertible_to<const char*>;
    requires std::constructible_from<E, const std::string&> ||
        std::constructible_from<E, const char*>;
  };
  static_assert(detail::exception_has_codec<E> || from_text,
                "register_exception<E>(): give E a `serialize` and a default constructor, or a "
                "constructor that takes its what() as a std::string");
  return {&detail::exception_registration<E>};
}

}  // namespace multiprocess
