// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace multiprocess::detail {

template <class T>
consteval std::string_view spelled_name() {
#if defined(_MSC_VER) && !defined(__clang__)
  return __FUNCSIG__;
#else
  return __PRETTY_FUNCTION__;
#endif
}

struct NameFrame {
  std::size_t before;
  std::size_t after;
};

/// How much of `spelled_name` stands before and behind the type, learnt from a type that we know.
consteval NameFrame name_frame() {
  constexpr std::string_view sample = spelled_name<double>();
  constexpr std::size_t at = sample.find("double");
  return {at, sample.size() - at - std::string_view("double").size()};
}

/// The compiler's spelling of a type: for messages to people, never as an identity by itself (two
/// translation units may each have another `make()::<lambda()>`).
template <class T>
consteval std::string_view type_name() {
  constexpr std::string_view whole = spelled_name<T>();
  return whole.substr(name_frame().before, whole.size() - name_frame().before - name_frame().after);
}

/// The same without what only a standard library's authors need: `std::vector<std::string>`.
std::string readable(std::string_view type);

/// The last part of a class's name, without its arguments.
constexpr std::string_view plain_class_name(std::string_view name) {
  name = name.substr(0, name.find('<'));
  const std::size_t scope = name.rfind("::");
  return scope == std::string_view::npos ? name : name.substr(scope + 2);
}

/// FNV-1a: tells apart types and signatures of one program, not things chosen by an attacker.
constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0xcbf29ce484222325U) {
  for (const char c : text) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return seed;
}

/// Of a type's name, without what compilers disagree about: spaces and inline namespaces.
constexpr std::uint64_t hash_spelling(std::string_view name) {
  constexpr std::string_view inlined = "__cxx11::";
  std::uint64_t hash = hash_text({});
  while (!name.empty()) {
    const bool skipped = name.starts_with(inlined);
    if (!skipped && name.front() != ' ') {
      hash = hash_text(name.substr(0, 1), hash);
    }
    name.remove_prefix(skipped ? inlined.size() : 1);
  }
  return hash;
}

}  // namespace multiprocess::detail
