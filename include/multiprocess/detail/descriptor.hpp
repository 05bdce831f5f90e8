// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <cstdint>
#include <string_view>

namespace multiprocess::detail {

/// What identifies a type of callable on the wire: a constant of the program, one for each type,
/// found by its place in the module. Its magic, its own address and its signature tell a receiver
/// that a place that came with a message really is one.
struct Descriptor {
  static constexpr std::uint64_t the_magic = 0x6d70'6361'6c6c'6162U;

  std::uint64_t magic;
  const Descriptor* self;
  std::uint64_t signature;
  std::string_view type;
  std::string_view name;  // of `named`: sent instead of the place
  /// Makes what the signature promises from the state that follows in the message.
  void* (*decode)(InputArchive& archive);
  std::uint64_t variety =
      0;  // which of those of its name: what it is used for, and with what types
};

/// The place of this constant in the program is what `Made` is known by.
template <class Made>
inline constexpr Descriptor descriptor_of = {
    Descriptor::the_magic,
    &descriptor_of<Made>,
    Made::signature,
    type_name<typename Made::Callable>(),
    Made::name,
    &Made::decode,
    Made::variety,
};

/// Writes which descriptor follows. Throws ValueError when two callables have its name.
void save_descriptor(OutputArchive& archive, const Descriptor& descriptor);

/// The descriptor of this process. Throws NotSendable for another build or an unknown name,
/// ValueError when what the message points at is none, or not one of this signature. `wanted` says
/// in the text what should have come.
const Descriptor& load_descriptor(InputArchive& archive, std::uint64_t signature,
                                  std::string_view wanted);

/// Lets receivers find the descriptor by its name; called before main. Always true.
bool add_name(const Descriptor& descriptor);

/// Naming it registers the name before main.
template <class Made>
inline const bool known_by_name = add_name(descriptor_of<Made>);

/// Writes that a Made follows. A receiver finds it by its name if its program can make one, too.
template <class Made>
void save_descriptor_of(OutputArchive& archive) {
  if constexpr (!Made::name.empty()) {
    static_cast<void>(known_by_name<Made>);
  }
  save_descriptor(archive, descriptor_of<Made>);
}

/// Throws NotSendable: the name is known here, but was given to no function yet.
[[noreturn]] void throw_unnamed(std::string_view name);

}  // namespace multiprocess::detail
