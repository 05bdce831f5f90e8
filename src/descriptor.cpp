// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/descriptor.hpp>
#include <multiprocess/detail/module_ref.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace multiprocess::detail {
namespace {

struct Named {
  const Descriptor* descriptor;
  bool twice;
};
using Names = std::map<std::pair<std::string_view, std::uint64_t>, Named>;

// Filled before main, read afterwards: no lock.
Names& names() {
  static Names all;
  return all;
}

const Named* find_name(std::string_view name, std::uint64_t signature) {
  const auto found = names().find({name, signature});
  return found == names().end() ? nullptr : &found->second;
}

bool is_descriptor(const Descriptor* place, std::uint64_t signature) {
  return peek(&place->magic) == Descriptor::the_magic &&
         peek(&place->self) == reinterpret_cast<std::uintptr_t>(place) &&
         place->signature == signature;
}

const Descriptor& load_named(InputArchive& archive, std::uint64_t signature,
                             std::string_view wanted) {
  const std::size_t length = archive.get_count();
  const std::string name(reinterpret_cast<const char*>(archive.take(length)), length);
  const Named* const known = find_name(name, signature);
  if (known == nullptr) {
    throw NotSendable(
        fmt::format("this program has no callable named '{}' that is a {}: write "
                    "mp::named<\"{}\">(f) in it too, with the same parameters",
                    name, wanted, name));
  }
  return *known->descriptor;
}

}  // namespace

bool add_name(const Descriptor& descriptor) {
  const auto [entry, added] =
      names().try_emplace({descriptor.name, descriptor.signature}, Named{&descriptor, false});
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
    archive.put(false);
    save_ref(archive, module_ref(&descriptor));
    return;
  }
  if (const Named* known = find_name(name, descriptor.signature); known && known->twice) {
    throw ValueError(fmt::format("two callables of this program are named '{}'", name));
  }
  archive.put(true);
  archive.put_size(name.size());
  archive.write(name.data(), name.size());
}

const Descriptor& load_descriptor(InputArchive& archive, std::uint64_t signature,
                                  std::string_view wanted) {
  if (archive.get_bool()) {
    return load_named(archive, signature, wanted);
  }
  const ModuleRef ref = load_ref(archive, os::Memory::constant, sizeof(Descriptor));
  const auto* const place = reinterpret_cast<const Descriptor*>(ref.address());
  if (!ref || ref.address() % alignof(Descriptor) != 0 || !is_descriptor(place, signature)) {
    throw_damaged(archive.position(), fmt::format("it does not hold a {}", wanted));
  }
  return *place;
}

}  // namespace multiprocess::detail
