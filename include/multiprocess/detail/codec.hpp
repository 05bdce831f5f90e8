// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/closure.hpp>
#include <multiprocess/detail/copy_recorder.hpp>
#include <multiprocess/detail/own_codec.hpp>
#include <multiprocess/detail/require_sendable.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/std_codec.hpp>

#include <vector>

namespace multiprocess::detail {

/// Memory for a T that its bytes bring to life.
template <class T>
union Raw {
  Raw() {}
  ~Raw() {}
  T value;
};

/// cereal's named values, sizes, blocks and base classes, as a type's own `serialize` writes them.
template <class T>
inline constexpr bool wrapped =
    made_from<T, cereal::NameValuePair> || made_from<T, cereal::SizeTag> ||
    made_from<T, cereal::BinaryData> || made_from<T, cereal::base_class> ||
    made_from<T, cereal::virtual_base_class> || made_from<T, cereal::DeferredData>;

template <class Archive, class Wrapper, class Transfer>
void unwrap(Archive& archive, Wrapper& wrapper, Transfer transfer) {
  using W = std::remove_const_t<Wrapper>;
  if constexpr (made_from<W, cereal::NameValuePair>) {
    transfer(wrapper.value);
  } else if constexpr (made_from<W, cereal::base_class>) {
    transfer(*wrapper.base_ptr);
  } else if constexpr (made_from<W, cereal::virtual_base_class>) {
    using Base = std::remove_pointer_t<decltype(wrapper.base_ptr)>;
    if (archive.first_base(wrapper.base_ptr, typeid(Base).hash_code())) {
      transfer(*wrapper.base_ptr);
    }
  } else {
    archive.defer([wrapper, transfer]() mutable { transfer(wrapper.value); });
  }
}

template <class T>
void save_bytes(OutputArchive& archive, const T& value) {
  if constexpr (std::has_unique_object_representations_v<T> || sizeof(T) > 4096) {
    archive.write(std::addressof(value), sizeof(T));
  } else {
    Raw<T> copy;
    std::memcpy(static_cast<void*>(&copy), std::addressof(value), sizeof(T));
    clear_padding(&copy.value);
    archive.write(&copy, sizeof(T));
  }
}

template <class T>
T read_bytes(InputArchive& archive) {
  Raw<T> copy;
  archive.read(static_cast<void*>(&copy), sizeof(T));
  return copy.value;
}

template <class T>
T read_scalar(InputArchive& archive) {
  if constexpr (std::is_same_v<T, bool>) {
    return archive.get_bool();
  } else {
    return archive.get<T>();
  }
}

template <class T, std::size_t... I>
T read_members(InputArchive& archive, std::index_sequence<I...>) {
  if constexpr (has_array_field<T>) {
    T value{};
    detail::for_each_field(value,
                           [&archive](auto& member) { detail::load_value(archive, member); });
    return value;
  } else {
    // Braces: the members are read in their order.
    return T{detail::read_value<field_type<I, T>>(archive)...};
  }
}

template <class T>
T read_own(InputArchive& archive) {
  static_assert(std::is_default_constructible_v<T>,
                "multiprocess: a type with serialize or load needs a default constructor to be "
                "received; where a member has none, make it a std::optional");
  T value = T();
  own::load_object(archive, value);
  return value;
}

/// Handles of objects that other programs know as well: instead of an index beside the bytes.
inline constexpr std::uint32_t abroad_index = UINT32_MAX - 1;

template <class T>
concept KnownAbroad = requires(const T& value, OutputArchive& archive) {
  value.encode_abroad(archive);
};

template <class T>
void save_handle(OutputArchive& archive, const T& value) {
  if constexpr (KnownAbroad<T>) {
    if (const Outgoing* message = Outgoing::current();
        message != nullptr && message->leaves_the_tree()) {
      archive.put(abroad_index);
      value.encode_abroad(archive);
      return;
    }
  }
  archive.put(T::part_ops.send(std::addressof(value)));
}

template <class T>
T read_handle(InputArchive& archive) {
  const auto index = archive.get<std::uint32_t>();
  if constexpr (KnownAbroad<T>) {
    if (index == abroad_index) {
      SharedRef ref = T::decode_abroad(archive);
      T::require_kind(ref);
      return T(std::move(ref));
    }
  }
  if constexpr (requires { T::require_kind(received_ref(index)); }) {
    T::require_kind(received_ref(index));
  }
  Raw<T> part;
  T::part_ops.receive(&part.value, index);
  T value(std::move(part.value));
  std::destroy_at(&part.value);
  return value;
}

template <class T>
void save_value(OutputArchive& archive, const T& value) {
  constexpr Form f = form<T>;
  if constexpr (made_from<T, cereal::SizeTag>) {
    archive.put_size(static_cast<std::uint64_t>(value.size));
  } else if constexpr (made_from<T, cereal::BinaryData>) {
    archive.write(value.data, static_cast<std::size_t>(value.size));
  } else if constexpr (wrapped<T>) {
    detail::unwrap(archive, value,
                   [&archive](const auto& inner) { detail::save_value(archive, inner); });
  } else if constexpr (f == Form::none) {
    require_sendable<T>();
  } else if constexpr (f == Form::scalar) {
    archive.put(value);
  } else if constexpr (f == Form::function) {
    save_function(archive, reinterpret_cast<std::uintptr_t>(value));
  } else if constexpr (f == Form::handle) {
    save_handle(archive, value);
  } else if constexpr (f == Form::codec) {
    value.encode(archive);
  } else if constexpr (f == Form::bytes) {
    save_bytes(archive, value);
  } else if constexpr (f == Form::closure) {
    save_closure(archive, value);
  } else if constexpr (f != Form::empty) {
    const Nest nest(archive);
    if constexpr (f == Form::own) {
      own::save_object(archive, value);
    } else if constexpr (f == Form::members) {
      detail::for_each_field(value,
                             [&](const auto& member) { detail::save_value(archive, member); });
    } else if constexpr (f == Form::elements) {
      for (const auto& item : value) {
        detail::save_value(archive, item);
      }
    } else {
      save_std(archive, value);
    }
  }
}

template <class T>
T read_value(InputArchive& archive) {
  constexpr Form f = form<T>;
  if constexpr (f == Form::none) {
    require_sendable<T>();
    return *static_cast<T*>(nullptr);
  } else if constexpr (f == Form::scalar) {
    return read_scalar<T>(archive);
  } else if constexpr (f == Form::function) {
    return reinterpret_cast<T>(read_function(archive));
  } else if constexpr (f == Form::handle) {
    return read_handle<T>(archive);
  } else if constexpr (f == Form::codec) {
    return T::decode(archive);
  } else if constexpr (f == Form::bytes) {
    return read_bytes<T>(archive);
  } else if constexpr (f == Form::closure) {
    return read_closure<T>(archive);
  } else if constexpr (f == Form::empty) {
    Raw<T> nothing;
    std::memset(static_cast<void*>(&nothing), 0, sizeof(nothing));
    return nothing.value;
  } else {
    const Nest nest(archive);
    if constexpr (f == Form::own) {
      return read_own<T>(archive);
    } else if constexpr (f == Form::members) {
      return read_members<T>(archive, std::make_index_sequence<field_count<T>>());
    } else if constexpr (f == Form::elements) {
      T value;
      for (auto& item : value) {
        detail::load_value(archive, item);
      }
      return value;
    } else {
      return read_std<T>(archive);
    }
  }
}

template <class T>
void load_value(InputArchive& archive, T& value) {
  using U = std::remove_const_t<T>;
  constexpr Form f = form<U>;
  if constexpr (made_from<U, cereal::SizeTag>) {
    value.size = archive.get_count();
  } else if constexpr (made_from<U, cereal::BinaryData>) {
    archive.read(value.data, static_cast<std::size_t>(value.size));
  } else if constexpr (wrapped<U>) {
    detail::unwrap(archive, value, [&archive](auto& inner) { detail::load_value(archive, inner); });
  } else if constexpr (f == Form::own) {
    const Nest nest(archive);
    own::load_object(archive, value);
  } else if constexpr (f == Form::bytes) {
    archive.read(static_cast<void*>(std::addressof(value)), sizeof(T));
  } else if constexpr (f == Form::elements) {
    const Nest nest(archive);
    for (auto& item : value) {
      detail::load_value(archive, item);
    }
  } else if constexpr (f == Form::closure || f == Form::members || f == Form::codec) {
    // Closures cannot be assigned, and with g++ 12 asking whether they can does harm.
    T fresh = detail::read_value<T>(archive);
    std::destroy_at(std::addressof(value));
    std::construct_at(std::addressof(value), std::move(fresh));
  } else {
    value = detail::read_value<T>(archive);
  }
}

/// The bytes of a value, without anything that says what it is.
template <class T>
std::vector<std::byte> encode(const T& value) {
  ScratchBuffer buffer;
  OutputArchive archive(*buffer);
  detail::save_value(archive, value);
  const Bytes bytes = buffer->bytes();
  return {bytes.begin(), bytes.end()};
}

/// The value that `bytes` are, all of them. Throws ValueError when they are damaged.
template <class T>
T decode(Bytes bytes) {
  InputArchive archive(bytes);
  T value = detail::read_value<T>(archive);
  archive.expect_end();
  return value;
}

}  // namespace multiprocess::detail
