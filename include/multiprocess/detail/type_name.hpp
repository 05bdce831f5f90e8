// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

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

constexpr std::uint64_t mix(std::uint64_t tag, std::uint64_t more) {
  return (tag ^ more) * 0x9e3779b97f4a7c15U + (tag >> 29);
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

/// The name of a class template's specialization up to its own arguments.
constexpr std::string_view template_name(std::string_view name) {
  std::size_t depth = 0;
  for (std::size_t i = name.size(); i-- > 0;) {
    depth += name[i] == '>' ? 1 : 0;
    if (name[i] == '<' && --depth == 0) {
      return name.substr(0, i);
    }
  }
  return name;
}

/// As all compilers spell it, who do not agree about the names of integers.
template <class T>
consteval std::string_view common_name() {
  return std::is_same_v<T, short>                ? "short"
         : std::is_same_v<T, unsigned short>     ? "unsigned short"
         : std::is_same_v<T, unsigned>           ? "unsigned"
         : std::is_same_v<T, long>               ? "long"
         : std::is_same_v<T, unsigned long>      ? "unsigned long"
         : std::is_same_v<T, long long>          ? "long long"
         : std::is_same_v<T, unsigned long long> ? "unsigned long long"
                                                 : type_name<T>();
}

/// Which type it is, by its name: the same in each translation unit, though one spells arguments
/// that are the default ones and another does not; and for each compiler, but for what they call
/// local types, unnamed namespaces and arguments that are no types.
template <class T>
struct NameTag {
  static constexpr std::uint64_t value = hash_spelling(common_name<T>());
};

template <class T>
inline constexpr std::uint64_t name_tag = NameTag<T>::value;

template <class... T>
consteval std::uint64_t mix_names(std::uint64_t tag) {
  ((tag = mix(tag, name_tag<T>)), ...);
  return tag;
}

template <template <class...> class Template, class... A>
struct NameTag<Template<A...>> {
  static constexpr std::uint64_t value =
      mix_names<A...>(hash_spelling(template_name(type_name<Template<A...>>())));
};
template <class R, class... A>
struct NameTag<R(A...)> {
  static constexpr std::uint64_t value = mix_names<R, A...>(hash_text("()"));
};
template <class T>
struct NameTag<const T> {
  static constexpr std::uint64_t value = mix_names<T>(hash_text("const"));
};
template <class T>
struct NameTag<T*> {
  static constexpr std::uint64_t value = mix_names<T>(hash_text("*"));
};
template <class T>
struct NameTag<T&> {
  static constexpr std::uint64_t value = mix_names<T>(hash_text("&"));
};
template <class T>
struct NameTag<T&&> {
  static constexpr std::uint64_t value = mix_names<T>(hash_text("&&"));
};

}  // namespace multiprocess::detail
