// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_error.hpp>

#include <multiprocess/detail/os/symbols.hpp>
#include <multiprocess/detail/remote_category.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <fmt/format.h>

#include <any>
#include <array>
#include <atomic>
#include <concepts>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace multiprocess::detail {
namespace {

/// An E that says exactly what the original said, where E's constructors cannot make it so.
template <class E>
class Verbatim : public E, public StandIn {
 public:
  Verbatim(const E& base, const std::string& text)
      : E(base), text_(std::make_shared<const std::string>(text)) {}
  const char* what() const noexcept override { return text_->c_str(); }
  const std::type_info& original_type() const noexcept override { return typeid(E); }

 private:
  std::shared_ptr<const std::string> text_;
};

/// What arrives for an exception of a type that is derived from E and not known here.
template <class E>
class Unknown : public E, public RemoteError {
 public:
  Unknown(const E& base, const RemoteException& packed)
      : E(base),
        RemoteError(packed.type_name, packed.message, packed.traceback),
        text_(std::make_shared<const std::string>(packed.type_name + ": " + packed.message)) {}
  const char* what() const noexcept override { return text_->c_str(); }

 private:
  std::shared_ptr<const std::string> text_;
};

// How each known type is taken apart and made again. Most are made from their text or from nothing.

/// Empty where a damaged message has none.
std::string text(const RemoteException& packed, std::size_t index) {
  return index < packed.texts.size() ? packed.texts[index] : std::string();
}

void take_apart(const std::exception&, RemoteException&) {}

template <class E>
E make(std::type_identity<E>, const RemoteException& packed) {
  if constexpr (std::constructible_from<E, const std::string&>) {
    return E(packed.message);
  } else {
    return E();
  }
}

void take_apart(const BufferTooShort& error, RemoteException& packed) {
  const auto& message = error.message();
  packed.texts = {{reinterpret_cast<const char*>(message.data()), message.size()}};
}

BufferTooShort make(std::type_identity<BufferTooShort>, const RemoteException& packed) {
  const std::string message = text(packed, 0);
  const auto bytes = std::as_bytes(std::span(message));
  return BufferTooShort({bytes.begin(), bytes.end()});
}

void take_apart(const WorkerDied& error, RemoteException& packed) {
  packed.number = error.pid();
  packed.second = error.exitcode();
}

WorkerDied make(std::type_identity<WorkerDied>, const RemoteException& packed) {
  return {static_cast<int>(packed.number), static_cast<int>(packed.second)};
}

/// Category, message of the code, and what the constructor was given before that.
void take_apart(const std::system_error& error, RemoteException& packed) {
  const std::error_code code = error.code();
  const std::string meaning = code.message();
  std::string before = error.std::runtime_error::what();  // also below a filesystem_error's own
  packed.second = before.ends_with(": " + meaning) ? 1 : 0;
  if (packed.second == 1) {
    before.resize(before.size() - meaning.size() - 2);
  }
  packed.number = code.value();
  packed.texts = {code.category().name(), meaning, before};
}

std::error_code make_code(const RemoteException& packed) {
  const int value = static_cast<int>(packed.number);
  return {value, remote_category(text(packed, 0), value, text(packed, 1))};
}

std::system_error make(std::type_identity<std::system_error>, const RemoteException& packed) {
  const std::error_code code = make_code(packed);
  return packed.second == 1 ? std::system_error(code, text(packed, 2)) : std::system_error(code);
}

std::ios_base::failure make(std::type_identity<std::ios_base::failure>,
                            const RemoteException& packed) {
  return std::ios_base::failure(text(packed, 2), make_code(packed));
}

using std::filesystem::filesystem_error;

void take_apart(const filesystem_error& error, RemoteException& packed) {
  take_apart(static_cast<const std::system_error&>(error), packed);
  packed.texts.push_back(error.path1().string());
  packed.texts.push_back(error.path2().string());
}

filesystem_error make(std::type_identity<filesystem_error>, const RemoteException& packed) {
  return {text(packed, 2), text(packed, 3), text(packed, 4), make_code(packed)};
}

void take_apart(const std::future_error& error, RemoteException& packed) {
  packed.number = error.code().value();
}

std::future_error make(std::type_identity<std::future_error>, const RemoteException& packed) {
  return std::future_error(static_cast<std::future_errc>(packed.number));
}

void take_apart(const std::regex_error& error, RemoteException& packed) {
  packed.number = error.code();
}

std::regex_error make(std::type_identity<std::regex_error>, const RemoteException& packed) {
  return std::regex_error(static_cast<std::regex_constants::error_type>(packed.number));
}

template <class E>
[[noreturn]] void throw_made(const RemoteException& packed) {
  const E made = make(std::type_identity<E>(), packed);
  if (!packed.exact) {
    throw_with_traceback(Unknown<E>(made, packed), packed.traceback);
  }
  if (made.what() != packed.message) {
    throw_with_traceback(Verbatim<E>(made, packed.message), packed.traceback);
  }
  throw_with_traceback(made, packed.traceback);
}

template <class E>
bool take_apart_if(const std::exception& error, RemoteException& packed) {
  const E* const known = dynamic_cast<const E*>(&error);
  if (known != nullptr) {
    take_apart(*known, packed);
  }
  return known != nullptr;
}

/// A type that every process can make.
struct KnownType {
  const std::type_info* type;
  bool (*take_apart_if)(const std::exception& error, RemoteException& packed);
  void (*throw_made)(const RemoteException& packed);
};

template <class... E>
constexpr std::array<KnownType, sizeof...(E)> list() {
  return {KnownType{&typeid(E), &take_apart_if<E>, &throw_made<E>}...};
}

/// Every class stands before its bases: the first that fits is the nearest.
const auto& known_types() {
  static const auto types =
      list<MaybeEncodingError, NotSendable, TypeError, AssertionError, AttributeError, ValueError,
           KeyError, IndexError, TaskTimeout, TimeoutError, OwnerDied, BufferTooShort,
           AuthenticationError, WorkerDied, BrokenProcessPool, Cancelled, ProcessError, Empty, Full,
           ShutDown, BrokenBarrierError, EOFError, RuntimeError, RemoteTraceback,
           std::invalid_argument, std::domain_error, std::length_error, std::out_of_range,
           std::future_error, std::logic_error, filesystem_error, std::ios_base::failure,
           std::system_error, std::range_error, std::overflow_error, std::underflow_error,
           std::regex_error, std::runtime_error, std::bad_array_new_length, std::bad_alloc,
           std::bad_any_cast, std::bad_cast, std::bad_typeid, std::bad_exception,
           std::bad_function_call, std::bad_weak_ptr, std::bad_optional_access,
           std::bad_variant_access, std::exception>();
  return types;
}

void pack_as_known(const std::exception& error, RemoteException& packed) {
  for (const KnownType& known : known_types()) {
    if (known.take_apart_if(error, packed)) {
      packed.known_type = known.type->name();
      packed.exact = readable(os::readable_name(known.type->name())) == packed.type_name ||
                     packed.type_name.starts_with("std::__");  // the std library's own subclass
      return;
    }
  }
}

constinit std::atomic<ExceptionCodec*> codecs = nullptr;

/// Among types of the same name, which translation units may have each its own of, `ordinal`
/// counts: the order in which a program registers is the same in each of its processes.
template <class Use>
bool visit_codecs(Use use) {
  for (ExceptionCodec* codec = codecs; codec != nullptr; codec = codec->next) {
    std::int64_t ordinal = 0;
    for (const ExceptionCodec* older = codec->next; older != nullptr; older = older->next) {
      ordinal += std::strcmp(older->type->name(), codec->type->name()) == 0 ? 1 : 0;
    }
    if (use(*codec, ordinal)) {
      return true;
    }
  }
  return false;
}

void pack_as_registered(RemoteException& packed) {
  visit_codecs([&](const ExceptionCodec& codec, std::int64_t ordinal) {
    if (readable(os::readable_name(codec.type->name())) != packed.type_name) {
      return false;
    }
    std::optional<std::string> payload;
    try {
      payload = codec.encode();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (...) {  // then it goes as its nearest base
      packed.traceback += fmt::format("It could not be sent as what it is. Reason: {}: {}\n",
                                      current_exception_type(), current_exception_message());
    }
    if (payload) {
      packed.registered_type = codec.type->name();
      packed.ordinal = ordinal;
      packed.payload = std::move(*payload);
    }
    return payload.has_value();
  });
}

void throw_registered(const RemoteException& packed) {
  visit_codecs([&](const ExceptionCodec& codec, std::int64_t ordinal) {
    if (ordinal == packed.ordinal && codec.type->name() == packed.registered_type) {
      codec.throw_decoded(packed);
    }
    return false;
  });
}

}  // namespace

void add_exception_codec(ExceptionCodec& codec) noexcept {
  codec.next = codecs;
  while (!codecs.compare_exchange_weak(codec.next, &codec)) {
  }
}

RemoteException pack_current_exception() {
  RemoteException packed;
  packed.traceback = describe_current_exception();
  packed.type_name = current_exception_type();
  packed.message = current_exception_message();
  pack_as_registered(packed);
  try {
    throw;
  } catch (const std::exception& error) {
    pack_as_known(error, packed);
  } catch (...) {
  }
  return packed;
}

void rethrow(const RemoteException& packed) {
  throw_registered(packed);
  for (const KnownType& known : known_types()) {
    if (known.type->name() == packed.known_type) {
      known.throw_made(packed);
    }
  }
  RemoteException unknown = packed;
  unknown.exact = false;
  throw_made<std::runtime_error>(unknown);
}

}  // namespace multiprocess::detail
