// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>

#include <algorithm>
#include <new>

namespace multiprocess::detail {

void save_error(OutputArchive& archive, const std::error_code& error);
std::error_code read_error(InputArchive& archive);

/// Elements that lie in memory as they travel: any number of them is one copy.
template <class E>
inline constexpr bool block_element = (form<E> == Form::scalar || form<E> == Form::bytes) &&
                                      !std::is_same_v<E, bool>;

template <class T>
inline constexpr bool contiguous_block = [] {
  if constexpr (requires(T & t) { t.data(); }) {
    return block_element<typename T::value_type>;
  } else {
    return false;
  }
}();

/// Long blocks start at a multiple of their element's alignment, so that the receiver can make its
/// container straight from them.
inline constexpr std::size_t long_block = 1024;

template <class T>
void save_sequence(OutputArchive& archive, const T& value) {
  archive.put_size(value.size());
  if constexpr (contiguous_block<T>) {
    using E = typename T::value_type;
    if (alignof(E) > 1 && value.size() * sizeof(E) >= long_block) {
      archive.align(alignof(E));
    }
    archive.write(value.data(), value.size() * sizeof(E));
  } else {
    for (const auto& item : value) {
      detail::save_value<typename T::value_type>(archive, item);
    }
  }
}

template <class T>
T read_block(InputArchive& archive) {
  using E = typename T::value_type;
  const std::size_t count = archive.get_count(sizeof(E));
  if (alignof(E) > 1 && count * sizeof(E) >= long_block) {
    archive.align(alignof(E));
  }
  const std::byte* const bytes = archive.take(count * sizeof(E));
  if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(E) == 0) {
    // From a range, so that the memory is not cleared first.
    const E* const first = reinterpret_cast<const E*>(bytes);
    return T(first, first + count);
  }
  InputArchive items({bytes, count * sizeof(E)});
  T value;
  value.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    value.push_back(detail::read_value<E>(items));
  }
  return value;
}

template <class T>
T read_sequence(InputArchive& archive) {
  if constexpr (contiguous_block<T>) {
    return read_block<T>(archive);
  } else {
    using E = typename T::value_type;
    const std::size_t count = archive.get_count(std::is_empty_v<E> ? 0 : 1);
    T value;
    if constexpr (requires { value.reserve(count); }) {
      // What is small in the message may be large here: it has to come before it gets its memory.
      value.reserve(std::min(count, 8 * archive.remaining() / sizeof(E) + 16));
    }
    for (std::size_t i = 0; i < count; ++i) {
      value.push_back(detail::read_value<typename T::value_type>(archive));
    }
    return value;
  }
}

template <class T>
void save_associative(OutputArchive& archive, const T& value) {
  archive.put_size(value.size());
  for (const auto& item : value) {
    if constexpr (requires { typename T::mapped_type; }) {
      detail::save_value(archive, item.first);
      detail::save_value(archive, item.second);
    } else {
      detail::save_value(archive, item);
    }
  }
}

template <class T>
T read_associative(InputArchive& archive) {
  T value;
  for (std::size_t left = archive.get_count(); left != 0; --left) {
    auto key = detail::read_value<typename T::key_type>(archive);
    if constexpr (requires { typename T::mapped_type; }) {
      value.emplace_hint(value.end(), std::move(key),
                         detail::read_value<typename T::mapped_type>(archive));
    } else {
      value.emplace_hint(value.end(), std::move(key));
    }
  }
  return value;
}

/// std::queue and std::stack keep their container protected.
template <class T>
struct Opened : T {
  static auto& container(auto& adapter) { return adapter.*(&Opened::c); }
};

template <class T, std::size_t... I>
T read_product(InputArchive& archive, std::index_sequence<I...>) {
  // Braces: the elements are read in their order.
  return T{detail::read_value<std::remove_cv_t<std::tuple_element_t<I, T>>>(archive)...};
}

template <class T>
T read_variant(InputArchive& archive) {
  const std::uint64_t index = archive.get_size();
  return [&]<class... A>(std::type_identity<std::variant<A...>>) -> T {
    using Reader = T (*)(InputArchive&);
    constexpr Reader readers[] = {[](InputArchive& from) -> T {
      return T(std::in_place_type<A>, detail::read_value<A>(from));
    }...};
    if (index >= sizeof...(A)) {
      throw_damaged(archive.position(), "a variant has no alternative of this number");
    }
    return readers[index](archive);
  }(std::type_identity<T>());
}

template <class T>
void save_shared(OutputArchive& archive, const std::shared_ptr<T>& pointer) {
  const std::uint32_t id = archive.registerSharedPointer(pointer);
  archive.put(id);
  if ((id & cereal::detail::msb_32bit) != 0) {
    detail::save_value(archive, *pointer);
  }
}

template <class T>
std::shared_ptr<T> read_shared(InputArchive& archive) {
  using U = std::remove_cv_t<T>;
  constexpr std::uint64_t type = name_tag<U>;
  const auto id = archive.get<std::uint32_t>();
  if (id == 0) {
    return nullptr;
  }
  if ((id & cereal::detail::msb_32bit) == 0) {
    return std::static_pointer_cast<U>(archive.pointer(id, type));
  }
  std::shared_ptr<U> pointer;
  if constexpr (std::is_default_constructible_v<U> && form<U> != Form::bytes) {
    pointer = std::make_shared<U>();
    archive.add_pointer(id, pointer, type);  // first: what it holds may point back at it
    detail::load_value(archive, *pointer);
  } else {
    pointer = std::make_shared<U>(detail::read_value<U>(archive));
    archive.add_pointer(id, pointer, type);
  }
  return pointer;
}

template <class T>
void save_std(OutputArchive& archive, const T& value) {
  constexpr Form f = form<T>;
  if constexpr (f == Form::sequence) {
    save_sequence(archive, value);
  } else if constexpr (f == Form::associative) {
    save_associative(archive, value);
  } else if constexpr (f == Form::adapter) {
    detail::save_value(archive, Opened<T>::container(value));
  } else if constexpr (f == Form::product) {
    std::apply([&](const auto&... items) { (detail::save_value(archive, items), ...); }, value);
  } else if constexpr (f == Form::optional) {
    archive.put(static_cast<unsigned char>(value.has_value()));
    if (value) {
      detail::save_value(archive, *value);
    }
  } else if constexpr (f == Form::variant) {
    archive.put_size(value.valueless_by_exception() ? std::variant_size_v<T> : value.index());
    std::visit([&](const auto& item) { detail::save_value(archive, item); }, value);
  } else if constexpr (f == Form::unique) {
    archive.put(static_cast<unsigned char>(value != nullptr));
    if (value) {
      detail::save_value(archive, *value);
    }
  } else if constexpr (f == Form::shared) {
    save_shared(archive, value);
  } else if constexpr (f == Form::weak) {
    save_shared(archive, value.lock());
  } else if constexpr (f == Form::path) {
    detail::save_value(archive, value.native());
  } else {
    static_assert(f == Form::error);
    save_error(archive, value);
  }
}

template <class T>
T read_std(InputArchive& archive) {
  constexpr Form f = form<T>;
  if constexpr (f == Form::sequence) {
    return read_sequence<T>(archive);
  } else if constexpr (f == Form::associative) {
    return read_associative<T>(archive);
  } else if constexpr (f == Form::adapter) {
    T value;
    detail::load_value(archive, Opened<T>::container(value));
    return value;
  } else if constexpr (f == Form::product) {
    return read_product<T>(archive, std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (f == Form::optional) {
    using V = typename T::value_type;
    return archive.get_bool() ? T(std::in_place, detail::read_value<V>(archive)) : T();
  } else if constexpr (f == Form::variant) {
    return read_variant<T>(archive);
  } else if constexpr (f == Form::unique) {
    using V = typename T::element_type;
    return archive.get_bool() ? T(new V(detail::read_value<std::remove_cv_t<V>>(archive))) : T();
  } else if constexpr (f == Form::shared || f == Form::weak) {
    return read_shared<typename T::element_type>(archive);
  } else if constexpr (f == Form::path) {
    return T(detail::read_value<typename T::string_type>(archive));
  } else {
    static_assert(f == Form::error);
    return read_error(archive);
  }
}

}  // namespace multiprocess::detail
