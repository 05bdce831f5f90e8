// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// The tree has a keeper when this returns. Throws as deposit() does.
void require_keeper();

/// A number for a descriptor that is about to be deposited; no other one in the tree ever gets it.
std::uint64_t next_deposit();

/// Gives a duplicate of `handle` to the keeper, which has it until the parcel that stands for it
/// ends; starts a keeper when there is none.
///
/// Throws std::system_error (too_many_files_open when it can hold no more), RuntimeError when no
/// keeper lives long enough.
void deposit(os::NativeHandle handle, std::uint64_t number, Offset parcel);

/// A duplicate of what was deposited. Throws RuntimeError when the keeper was killed meanwhile,
/// std::system_error when this process can have no more descriptors.
os::Handle withdraw(std::uint64_t number);

/// The deposit is not needed any more. Does not wait, may be called with anything held, and where
/// the keeper cannot be told at once it finds out itself within a second.
void drop_deposit(std::uint64_t number) noexcept;

/// For tests and diagnostics: how many descriptors the keeper holds.
std::size_t count_deposits();

}  // namespace multiprocess::detail
