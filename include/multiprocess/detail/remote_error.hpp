// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/error.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// An exception on its way to another process.
struct RemoteException {
  std::string type_name;  ///< For people.
  std::string message;
  std::string traceback;

  std::string known_type;  ///< Its type, or the nearest base, that every process can make ...
  bool exact = false;      ///< ... and which of the two; it is made from the message and these:
  std::int64_t number = 0;
  std::int64_t second = 0;
  std::vector<std::string> texts;

  std::string registered_type;  ///< Its type, when that is registered; made from the payload.
  std::int64_t ordinal = 0;
  std::string payload;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(type_name, message, traceback, known_type, exact, number, second, texts);
    archive(registered_type, ordinal, payload);
  }
};

/// The exception in hand, ready to travel. For use in a `catch` block.
RemoteException pack_current_exception();

/// Throws what was packed: as its own type when it is a std type, one of ours or registered, else
/// as the nearest std base with RemoteError mixed in. A RemoteTraceback is nested in it.
[[noreturn]] void rethrow(const RemoteException& packed);

/// How a type of the user's crosses; see register_exception. One per type, linked before main.
struct ExceptionCodec {
  const std::type_info* type;
  /// The exception in hand as bytes; nothing when it is of another type.
  std::optional<std::string> (*encode)();
  void (*throw_decoded)(const RemoteException& packed);
  ExceptionCodec* next = nullptr;
};

/// Adds a codec, which must live as long as the program.
void add_exception_codec(ExceptionCodec& codec) noexcept;

/// Throws `exception` with a RemoteTraceback nested in it, where its class allows that.
template <class E>
[[noreturn]] void throw_with_traceback(E exception, const std::string& traceback) {
  try {
    throw RemoteTraceback(traceback);
  } catch (...) {
    std::throw_with_nested(std::move(exception));
  }
}

}  // namespace multiprocess::detail
