// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/std_codec.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail {
namespace {

constexpr std::uint32_t is_new = cereal::detail::msb_32bit;

using Base = std::pair<const void*, std::size_t>;

// A deferred piece may defer more.
void run_all(std::vector<std::function<void()>>& work) {
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto piece = std::move(work[i]);
    piece();
  }
  work.clear();
}

}  // namespace

struct OutputArchive::Tables {
  std::unordered_map<const void*, std::uint32_t> pointers;
  std::vector<std::shared_ptr<const void>> kept;  // or a new object might get an old one's address
  std::map<std::string, std::uint32_t, std::less<>> names;
  std::set<std::size_t> versions;
  std::set<Base> bases;
  std::vector<std::function<void()>> deferred;
};

void OutputArchive::Discard::operator()(Tables* tables) const noexcept {
  delete tables;
}

OutputArchive::Tables& OutputArchive::tables() {
  if (!tables_) {
    tables_.reset(new Tables);
  }
  return *tables_;
}

void OutputArchive::put_large_size(std::uint64_t value) {
  unsigned char bytes[10];
  std::size_t count = 0;
  for (; value >= 0x80; value >>= 7) {
    bytes[count++] = static_cast<unsigned char>(value | 0x80);
  }
  bytes[count++] = static_cast<unsigned char>(value);
  write(bytes, count);
}

void OutputArchive::align(std::size_t alignment) {
  const std::size_t missing = (alignment - position() % alignment) % alignment;
  std::memset(into_.extend(missing), 0, missing);
}

std::uint32_t OutputArchive::module_number(const os::Module* module, bool& fresh) {
  const auto found = std::find(modules_.begin(), modules_.end(), module);
  const auto number = static_cast<std::uint32_t>(found - modules_.begin()) + 1;
  fresh = found == modules_.end();
  if (fresh) {
    modules_.push_back(module);
  }
  return number;
}

std::uint32_t OutputArchive::registerSharedPointer(const std::shared_ptr<const void>& pointer) {
  if (pointer == nullptr) {
    return 0;
  }
  Tables& known = tables();
  const auto id = static_cast<std::uint32_t>(known.pointers.size() + 1);
  const auto [entry, added] = known.pointers.try_emplace(pointer.get(), id);
  if (!added) {
    return entry->second;
  }
  known.kept.push_back(pointer);
  return id | is_new;
}

std::uint32_t OutputArchive::registerPolymorphicType(const char* name) {
  auto& names = tables().names;
  const auto id = static_cast<std::uint32_t>(names.size() + 1);
  const auto [entry, added] = names.try_emplace(name, id);
  return added ? id | is_new : entry->second;
}

void OutputArchive::serializeDeferments() {
  run_all(tables().deferred);
}
void OutputArchive::defer(std::function<void()> work) {
  tables().deferred.push_back(std::move(work));
}
bool OutputArchive::first_base(const void* base, std::size_t type) {
  return tables().bases.insert({base, type}).second;
}
bool OutputArchive::first_version(std::size_t type) {
  return tables().versions.insert(type).second;
}

struct InputArchive::Tables {
  struct Pointer {
    std::shared_ptr<void> object;
    std::uint64_t type;
  };
  std::unordered_map<std::uint32_t, Pointer> pointers;
  std::unordered_map<std::uint32_t, std::string> names;
  std::unordered_map<std::size_t, std::uint32_t> versions;
  std::set<Base> bases;
  std::vector<std::function<void()>> deferred;
};

void InputArchive::Discard::operator()(Tables* tables) const noexcept {
  delete tables;
}

InputArchive::Tables& InputArchive::tables() {
  if (!tables_) {
    tables_.reset(new Tables);
  }
  return *tables_;
}

bool InputArchive::get_bool() {
  const auto value = get<unsigned char>();
  if (value > 1) {
    throw_damaged(position() - 1, fmt::format("{} is neither true nor false", value));
  }
  return value != 0;
}

std::uint64_t InputArchive::get_large_size(unsigned char first) {
  std::uint64_t value = first & 0x7f;
  for (unsigned shift = 7; shift < 64; shift += 7) {
    const auto next = get<unsigned char>();
    if (shift == 63 && next > 1) {
      break;
    }
    value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
    if (next < 0x80) {
      return value;
    }
  }
  throw_damaged(position(), "a size has too many digits");
}

std::size_t InputArchive::get_count(std::size_t each) {
  const std::uint64_t count = get_size();
  const std::size_t limit = each == 0 ? 0 : remaining() / each;
  if (count > limit) {
    if (each > 1 || count > without_bytes_) {
      throw_damaged(position(),
                    fmt::format("a size of {} elements, with {} bytes left", count, remaining()));
    }
    without_bytes_ -= count;
  }
  return static_cast<std::size_t>(count);
}

void InputArchive::align(std::size_t alignment) {
  take((alignment - position() % alignment) % alignment);
}

void InputArchive::expect_end() const {
  if (at_ != end_) {
    throw_damaged(position(), fmt::format("{} bytes are left over", remaining()));
  }
}

const os::Module* InputArchive::module(std::uint64_t number) {
  if (number > modules_.size() + 1) {
    throw_damaged(position(), "a module that the message has not named");
  }
  return number <= modules_.size() ? modules_[number - 1] : nullptr;
}

void InputArchive::add_module(const os::Module* module) {
  modules_.push_back(module);
}

void InputArchive::add_pointer(std::uint32_t id, std::shared_ptr<void> pointer,
                               std::uint64_t type) {
  tables().pointers[id & ~is_new] = {std::move(pointer), type};
}

std::shared_ptr<void> InputArchive::pointer(std::uint32_t id, std::uint64_t type) {
  if (id == 0) {
    return nullptr;
  }
  const auto& known = tables().pointers;
  const auto found = known.find(id & ~is_new);
  if (found == known.end() || found->second.type != type) {
    throw_damaged(position(), "a shared pointer to an object that the message does not have");
  }
  return found->second.object;
}

void InputArchive::registerSharedPointer(std::uint32_t id, std::shared_ptr<void> object) {
  add_pointer(id, std::move(object), expected_);
}

std::string InputArchive::getPolymorphicName(std::uint32_t id) {
  const auto found = tables().names.find(id);
  if (found == tables().names.end()) {
    throw_damaged(position(), "a class that the message has not named");
  }
  return found->second;
}

void InputArchive::registerPolymorphicName(std::uint32_t id, const std::string& name) {
  tables().names.emplace(id & ~is_new, name);
}

void InputArchive::serializeDeferments() {
  run_all(tables().deferred);
}
void InputArchive::defer(std::function<void()> work) {
  tables().deferred.push_back(std::move(work));
}
bool InputArchive::first_base(const void* base, std::size_t type) {
  return tables().bases.insert({base, type}).second;
}

std::uint32_t InputArchive::version_of(std::size_t type) {
  const auto known = tables().versions.find(type);
  if (known != tables().versions.end()) {
    return known->second;
  }
  return tables().versions[type] = get<std::uint32_t>();
}

void save_error(OutputArchive& archive, const std::error_code& error) {
  const std::string_view category = error.category().name();
  if (category != "system" && category != "generic") {
    throw NotSendable(
        fmt::format("cannot send an error of category '{}': only those of the system "
                    "and generic categories mean the same in another process",
                    category));
  }
  archive.put(static_cast<unsigned char>(category == "system"));
  archive.put(error.value());
}

std::error_code read_error(InputArchive& archive) {
  const bool system = archive.get_bool();
  const int value = archive.get<int>();
  return {value, system ? std::system_category() : std::generic_category()};
}

}  // namespace multiprocess::detail
