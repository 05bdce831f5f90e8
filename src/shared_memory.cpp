// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_memory.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/os/named_memory.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/tracked_names.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

namespace multiprocess {

using detail::os::NamedMemory;

namespace {

std::string without_slash(std::string name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

const std::string& require_name(const std::string& name) {
  if (name.empty()) {
    throw ValueError("shared memory is attached to by a name");
  }
  return name;
}

std::string any_name() {
  const auto number = static_cast<std::uint32_t>(detail::os::random_number());
  return fmt::format("{}{:08x}", detail::os::name_prefix(), number);
}

/// Tracked before it has the name: should this process be killed between the two, the name is not
/// that block's, and is left alone.
void publish(NamedMemory& memory, const std::string& name, bool track) {
  if (track) {
    detail::track_name(name, memory.id());
  }
  try {
    memory.publish(name);
  } catch (...) {
    if (track) {
      detail::untrack_name(name, memory.id());
    }
    throw;
  }
}

/// Returns the name that it has then.
std::string publish_somehow(NamedMemory& memory, bool track) {
  while (true) {
    const std::string name = any_name();
    try {
      publish(memory, name, track);
      return name;
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::file_exists) {
        throw;
      }
    }
  }
}

/// In the arena, for a message that carries the handle as a part: its name.
struct NameObject {
  std::uint64_t length;

  char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
};

std::uint32_t send_part(const void* part) {
  const std::string& name = static_cast<const SharedMemory*>(part)->name();
  detail::Outgoing* const message = detail::Outgoing::current();
  if (message == nullptr) {
    throw RuntimeError(
        "a closure that captures a SharedMemory can only be sent to a process of the tree");
  }
  const detail::Offset block = detail::allocate(sizeof(NameObject) + name.size());
  auto* const object = new (detail::at<NameObject>(block)) NameObject{name.size()};
  std::memcpy(object->text(), name.data(), name.size());
  return message->add(detail::publish_object(block, detail::ObjectType::name));
}

void receive_part(void* where, std::uint32_t index) {
  const detail::SharedRef ref = detail::received_ref(index);
  detail::require_type(ref, detail::ObjectType::name);
  auto* const object = static_cast<NameObject*>(ref.address());
  ::new (where) SharedMemory(std::string(object->text(), object->length));
}

void destroy_part(void* part) noexcept {
  static_cast<SharedMemory*>(part)->~SharedMemory();
}

}  // namespace

constinit const detail::PartOps SharedMemory::part_ops{sizeof(SharedMemory), &send_part,
                                                       &receive_part, &destroy_part};

SharedMemory::SharedMemory(std::string name, NamedMemory memory)
    : facts_(std::make_shared<Facts>(Facts{std::move(name), memory.size(), memory.id()})),
      memory_(std::make_shared<NamedMemory>(std::move(memory))) {}

SharedMemory SharedMemory::create(std::size_t size, std::string name, bool track) {
  if (size == 0 || size > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    throw ValueError("the size of shared memory must be a positive number different from zero");
  }
  NamedMemory memory = NamedMemory::create(size);
  track = track && detail::os::names_stay();
  if (name.empty()) {
    name = publish_somehow(memory, track);
  } else {
    name = without_slash(std::move(name));
    publish(memory, name, track);
  }
  return {std::move(name), std::move(memory)};
}

SharedMemory::SharedMemory(std::string name)
    : SharedMemory(without_slash(name), NamedMemory::open(require_name(without_slash(name)))) {}

SharedMemory::SharedMemory(const SharedMemory& other) noexcept
    : facts_(other.facts_), memory_(other.memory_) {
  detail::CopyRecorder::note(this, part_ops);
}

SharedMemory& SharedMemory::operator=(const SharedMemory& other) noexcept = default;

std::span<std::byte> SharedMemory::buf() const noexcept {
  return memory_ ? std::span(memory_->data(), memory_->size()) : std::span<std::byte>();
}

const std::string& SharedMemory::name() const noexcept {
  return facts_->name;
}

std::size_t SharedMemory::size() const noexcept {
  return facts_->size;
}

void SharedMemory::close() const noexcept {
  memory_.reset();
}

void SharedMemory::unlink() const {
  detail::os::remove_name(name());
  detail::untrack_name(name(), facts_->id);
}

bool operator==(const SharedMemory& a, const SharedMemory& b) noexcept {
  return a.facts_->id == b.facts_->id;
}

std::string mp_repr(const SharedMemory& memory) {
  return fmt::format("SharedMemory({}, size={})", detail::quoted(memory.name()), memory.size());
}

void SharedMemory::encode(detail::OutputArchive& archive) const {
  save_value(archive, name());
}

SharedMemory SharedMemory::decode(detail::InputArchive& archive) {
  return SharedMemory(detail::read_value<std::string>(archive));
}

}  // namespace multiprocess
