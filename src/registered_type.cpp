// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/registered_type.hpp>

#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/thread_lock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

namespace multiprocess::detail {

namespace {

struct Registry {
  ThreadLock mutex;  // in a forked child it is free
  RegisteredTypes types;
};
constinit Lasting<Registry> registry;  // types are registered at namespace scope as well

}  // namespace

void RegisteredMethod::encode(OutputArchive& archive) const {
  archive(name, call);
}

RegisteredMethod RegisteredMethod::decode(InputArchive& archive) {
  auto name = read_value<std::string>(archive);
  return {std::move(name), read_value<InstanceMethod>(archive), nullptr};
}

void RegisteredType::encode(OutputArchive& archive) const {
  archive(name, tag, methods, show, make);
}

RegisteredType RegisteredType::decode(InputArchive& archive) {
  RegisteredType type;
  archive(type.name, type.tag, type.methods, type.show, type.make);
  return type;
}

RegisteredTypes registered_types() {
  Registry& all = *registry;
  const std::scoped_lock lock(all.mutex);
  return all.types;
}

void add_registered_type(RegisteredType type) {
  Registry& all = *registry;
  const std::scoped_lock lock(all.mutex);
  std::erase_if(all.types, [&type](const auto& known) { return known->name == type.name; });
  all.types.push_back(std::make_shared<const RegisteredType>(std::move(type)));
}

std::shared_ptr<const RegisteredType> registered_type(std::uint64_t tag, std::string_view type) {
  for (const auto& known : registered_types()) {
    if (known->tag == tag) {
      return known;
    }
  }
  const std::string_view name = plain_class_name(type);
  throw AttributeError(
      fmt::format("'{}' is no type of managers: write mp::register_type<{}>(\"{}\", "
                  "mp::method<&{}::f>(\"f\"), ...) at namespace scope, or before start()",
                  readable(type), name, name, name));
}

const RegisteredMethod& RegisteredType::method(std::string_view wanted) const {
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [wanted](const auto& each) { return each.name == wanted; });
  if (found == methods.end()) {
    throw AttributeError(fmt::format("'{}' object has no attribute '{}'", name, wanted));
  }
  return *found;
}

const RegisteredMethod& RegisteredType::method(const void* identity, std::string_view type) const {
  const auto found = std::find_if(methods.begin(), methods.end(), [identity](const auto& each) {
    return each.identity == identity;
  });
  if (found == methods.end()) {
    throw AttributeError(
        fmt::format("this method of '{}' was not registered: add mp::method<&...>(\"name\") to its "
                    "mp::register_type<{}>(...)",
                    name, plain_class_name(type)));
  }
  return *found;
}

void throw_argument_count(std::size_t wanted, std::uint64_t given) {
  throw TypeError(fmt::format("the method takes {} arguments but {} were given", wanted, given));
}

void throw_returns_nothing(std::string_view wanted) {
  throw TypeError(fmt::format("the method returns nothing, not a '{}'", readable(wanted)));
}

}  // namespace multiprocess::detail
