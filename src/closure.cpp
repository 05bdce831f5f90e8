// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/closure.hpp>
#include <multiprocess/detail/module_ref.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace multiprocess::detail {
namespace {

using Word = std::uintptr_t;
using Part = CopyRecorder::Part;

struct Relocation {
  std::size_t offset;
  ModuleRef target;
};

Word word_at(std::span<const std::byte> bytes, std::size_t offset) {
  Word word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof(word));
  return word;
}

bool may_be_address(Word word) {
  return word >= 0x10000 && word < (Word{1} << 47);
}

std::size_t offset_in(const ClosureState& state, const Part& part) {
  return static_cast<std::size_t>(static_cast<std::byte*>(part.copy) - state.bytes.data());
}

/// The recorded handles that lie in the copy itself, in their order.
std::vector<Part> parts_of(const ClosureState& state) {
  std::vector<Part> parts;
  if (state.recorder == nullptr) {
    return parts;
  }
  if (state.recorder->overflowed()) {
    throw NotSendable(
        fmt::format("cannot send '{}' to another process: it captures more than {} "
                    "shared objects",
                    state.type, CopyRecorder::most_parts));
  }
  for (const Part& part : state.recorder->parts()) {
    const auto at = static_cast<std::byte*>(part.copy);
    if (at >= state.bytes.data() &&
        at + part.ops->size <= state.bytes.data() + state.bytes.size()) {
      parts.push_back(part);
    }
  }
  std::sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.copy < b.copy; });
  return parts;
}

[[noreturn]] void refuse(const ClosureState& state, std::size_t offset, Word word,
                         const std::string& region) {
  throw NotSendable(fmt::format(
      "cannot send '{}' to another process: the word at offset {} of its captured state is the "
      "address {:#x} in {}. Capture values instead of pointers, with MP_FN or mp::partial what "
      "owns "
      "memory (strings, containers), or, if it only looks like an address, vouch for it with "
      "mp::by_value(f)",
      state.type, offset, word, region));
}

std::vector<Relocation> relocations_of(const ClosureState& state) {
  std::vector<Relocation> relocations;
  for (std::size_t at = 0; at + sizeof(Word) <= state.bytes.size(); at += sizeof(Word)) {
    const Word word = word_at(state.bytes, at);
    if (!may_be_address(word)) {
      continue;
    }
    if (const ModuleRef target = module_ref(word)) {
      relocations.push_back({at, target});
    } else if (!state.vouched) {
      if (const std::string region = os::region_at(word); !region.empty()) {
        refuse(state, at, word, region);
      }
    }
  }
  return relocations;
}

std::uint32_t seal_of(const std::byte* start, std::size_t size) {
  return static_cast<std::uint32_t>(hash_text({reinterpret_cast<const char*>(start), size}));
}

// An address that is wrong by a bit is a crash much later; nothing but a sum can tell.
void seal(OutputArchive& archive, std::size_t start) {
  archive.put(seal_of(archive.buffer().data() + start, archive.position() - start));
}

void check_seal(InputArchive& archive, const std::byte* start) {
  const auto size = static_cast<std::size_t>(archive.take(0) - start);
  if (archive.get<std::uint32_t>() != seal_of(start, size)) {
    throw_damaged(archive.position(), "the sum of a captured state is wrong");
  }
}

void save_parts(OutputArchive& archive, const ClosureState& state, const std::vector<Part>& parts,
                const std::vector<std::uint32_t>& indices) {
  archive.put_size(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    archive.put_size(offset_in(state, parts[i]));
    save_ref(archive, module_ref(parts[i].ops));
    archive.put(indices[i]);
  }
}

bool is_part_ops(const PartOps* ops) {
  return peek(&ops->magic) == PartOps::the_magic && peek(&ops->self) == reinterpret_cast<Word>(ops);
}

struct Arrival {
  std::size_t offset;
  const PartOps* ops;
  std::uint32_t index;
};

Arrival load_part(InputArchive& archive, std::size_t from, std::size_t size) {
  const std::uint64_t offset = archive.get_size();
  const ModuleRef place = load_ref(archive, os::Memory::constant, sizeof(PartOps));
  const auto* const ops = reinterpret_cast<const PartOps*>(place.address());
  if (!place || place.address() % alignof(PartOps) != 0 || !is_part_ops(ops)) {
    throw_damaged(archive.position(), "a captured object of an unknown kind");
  }
  if (offset < from || ops->size > size || offset > size - ops->size ||
      offset % sizeof(Word) != 0) {
    throw_damaged(archive.position(), "a captured object lies outside of the closure");
  }
  return {static_cast<std::size_t>(offset), ops, archive.get<std::uint32_t>()};
}

/// Makes the handles; none stays behind when one of them cannot be made.
void receive(std::span<std::byte> bytes, const std::vector<Arrival>& arrivals) {
  std::size_t made = 0;
  try {
    for (const Arrival& arrival : arrivals) {
      arrival.ops->receive(bytes.data() + arrival.offset, arrival.index);
      ++made;
    }
  } catch (...) {
    for (std::size_t i = 0; i < made; ++i) {
      if (arrivals[i].ops->destroy != nullptr) {
        arrivals[i].ops->destroy(bytes.data() + arrivals[i].offset);
      }
    }
    throw;
  }
}

}  // namespace

void clear(std::span<std::byte> bytes) noexcept {
  static void* (*volatile const fill)(void*, int, std::size_t) = std::memset;
  fill(bytes.data(), 0, bytes.size());
}

void save_state(OutputArchive& archive, ClosureState state) {
  const CopyRecorder elsewhere;  // what is copied from here on is no part of the closure
  const std::vector<Part> parts = parts_of(state);
  std::vector<std::uint32_t> indices;
  for (const Part& part : parts) {
    indices.push_back(part.ops->send(part.copy));
  }
  // The handles are left whole: their owner destroys them. Only the bytes that travel are changed.
  const std::size_t start = archive.position();
  std::byte* const out = archive.buffer().extend(state.bytes.size());
  std::memcpy(out, state.bytes.data(), state.bytes.size());
  for (const Part& part : parts) {
    std::memset(out + offset_in(state, part), 0, part.ops->size);
  }
  ClosureState sent = state;
  sent.bytes = {out, state.bytes.size()};
  const std::vector<Relocation> relocations = relocations_of(sent);
  for (const Relocation& relocation : relocations) {
    std::memset(archive.buffer().data() + start + relocation.offset, 0, sizeof(Word));
  }
  archive.put_size(relocations.size());
  for (const Relocation& relocation : relocations) {
    archive.put_size(relocation.offset / sizeof(Word));
    save_ref(archive, relocation.target);
  }
  save_parts(archive, state, parts, indices);
  seal(archive, start);
}

void load_state(InputArchive& archive, std::span<std::byte> bytes) {
  const std::byte* const start = archive.take(0);
  archive.read(bytes.data(), bytes.size());
  for (std::size_t left = archive.get_count(2); left != 0; --left) {
    const std::uint64_t index = archive.get_size();
    const Word target = load_ref(archive, os::Memory::none).address();
    if (index >= bytes.size() / sizeof(Word)) {
      throw_damaged(archive.position(), "a pointer lies outside of the closure");
    }
    std::memcpy(bytes.data() + index * sizeof(Word), &target, sizeof(target));
  }
  std::vector<Arrival> arrivals;
  std::size_t end = 0;
  for (std::size_t left = archive.get_count(2); left != 0; --left) {
    arrivals.push_back(load_part(archive, end, bytes.size()));
    end = arrivals.back().offset + arrivals.back().ops->size;
  }
  check_seal(archive, start);
  receive(bytes, arrivals);
}

void save_function(OutputArchive& archive, std::uintptr_t address) {
  const ModuleRef ref = module_ref(address);
  if (address != 0 && (!ref || ref.module->memory_at(address) != os::Memory::code)) {
    throw NotSendable(
        fmt::format("cannot send the function at {:#x} to another process: it is in "
                    "no program file",
                    address));
  }
  const std::size_t start = archive.position();
  save_ref(archive, ref);
  seal(archive, start);
}

std::uintptr_t read_function(InputArchive& archive) {
  const std::byte* const start = archive.take(0);
  const std::uintptr_t address = load_ref(archive, os::Memory::code).address();
  check_seal(archive, start);
  return address;
}

void save_function_hint(OutputArchive& archive, std::uintptr_t address) {
  const ModuleRef ref = module_ref(address);
  const bool ours = ref && ref.module->main;
  const std::size_t start = archive.position();
  archive.put(ours ? ref.module->build_id : 0);
  archive.put(ours ? ref.offset : 0);
  seal(archive, start);
}

std::uintptr_t read_function_hint(InputArchive& archive) {
  const std::byte* const start = archive.take(0);
  const auto build = archive.get<std::uint64_t>();
  const auto offset = archive.get<std::uint64_t>();
  check_seal(archive, start);
  const os::Module& program = os::main_module();
  const std::uintptr_t address = program.base + offset;
  const bool here = build == program.build_id && program.memory_at(address) == os::Memory::code;
  return here ? address : 0;
}

}  // namespace multiprocess::detail
