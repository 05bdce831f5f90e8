// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/module_ref.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <map>
#include <string>
#include <tuple>

namespace multiprocess::detail {
namespace {

/// By what a descriptor is known.
enum class Sent : unsigned char { place, name, name_and_variety };

struct Named {
  const Descriptor* descriptor;
  bool twice;
};
using NameKey = std::tuple<std::string_view, std::uint64_t, std::uint64_t>;
using Names = std::map<NameKey, Named>;

// Filled before main, read afterwards: no lock.
Names& names() {
  static Names all;
  return all;
}

const Named* find_name(std::string_view name, std::uint64_t signature, std::uint64_t variety) {
  const auto found = names().find({name, signature, variety});
  return found == names().end() ? nullptr : &found->second;
}

[[noreturn]] void throw_unknown_name(std::string_view name) {
  const auto next = names().lower_bound({name, 0, 0});
  if (next == names().end() || std::get<0>(next->first) != name) {
    throw NotSendable(fmt::format(
        "this program has no callable named '{}': write mp::named<\"{}\">(f) in it too, "
        "with the same parameters",
        name, name));
  }
  throw NotSendable(fmt::format(
      "this program has a callable named '{}', and no such call of it (apply, sort, map, "
      "...) with these types: write the same call in it too",
      name));
}

bool is_descriptor(const Descriptor* place, std::uint64_t signature) {
  return peek(&place->magic) == Descriptor::the_magic &&
         peek(&place->self) == reinterpret_cast<std::uintptr_t>(place) &&
         place->signature == signature;
}

const Descriptor& load_named(InputArchive& archive, std::uint64_t signature, bool has_variety) {
  const std::size_t length = archive.get_count();
  const std::string name(reinterpret_cast<const char*>(archive.take(length)), length);
  const Named* const known =
      find_name(name, signature, has_variety ? archive.get<std::uint64_t>() : 0);
  if (known == nullptr) {
    throw_unknown_name(name);
  }
  return *known->descriptor;
}

}  // namespace

bool add_name(const Descriptor& descriptor) {
  const auto [entry, added] = names().try_emplace(
      {descriptor.name, descriptor.signature, descriptor.variety}, Named{&descriptor, false});
  entry->second.twice |= !added && entry->second.descriptor != &descriptor;
  return true;
}

void throw_unnamed(std::string_view name) {
  throw NotSendable(
      fmt::format("this program has given the name '{}' to no function yet: make the mp::named at "
                  "namespace scope, where children come that never come to main",
                  name));
}

void save_descriptor(OutputArchive& archive, const Descriptor& descriptor) {
  const std::string_view name = descriptor.name;
  if (name.empty()) {
    archive.put(Sent::place);
    save_ref(archive, module_ref(&descriptor));
    return;
  }
  const Named* const known = find_name(name, descriptor.signature, descriptor.variety);
  if (known != nullptr && known->twice) {
    throw ValueError(fmt::format("two callables of this program are named '{}'", name));
  }
  archive.put(descriptor.variety == 0 ? Sent::name : Sent::name_and_variety);
  archive.put_size(name.size());
  archive.write(name.data(), name.size());
  if (descriptor.variety != 0) {
    archive.put(descriptor.variety);
  }
}

const Descriptor& load_descriptor(InputArchive& archive, std::uint64_t signature,
                                  std::string_view wanted) {
  const auto sent = archive.get<Sent>();
  if (sent == Sent::name || sent == Sent::name_and_variety) {
    return load_named(archive, signature, sent == Sent::name_and_variety);
  }
  if (sent != Sent::place) {
    throw_damaged(archive.position(), fmt::format("it does not hold a {}", wanted));
  }
  const ModuleRef ref = load_ref(archive, os::Memory::constant, sizeof(Descriptor));
  const auto* const place = reinterpret_cast<const Descriptor*>(ref.address());
  if (!ref || ref.address() % alignof(Descriptor) != 0 || !is_descriptor(place, signature)) {
    throw_damaged(archive.position(), fmt::format("it does not hold a {}", wanted));
  }
  return *place;
}

}  // namespace multiprocess::detail
