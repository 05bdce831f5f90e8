// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstdint>

namespace multiprocess::detail {

/// Stands in the arena for one descriptor that travels with a message: the message refers to it as
/// to any shared object, so it ends when the message has been read or dropped.
struct Parcel {
  RefEntry companion;   ///< a shared object that belongs to the descriptor (its pipe), or 0
  std::uint64_t meta;   ///< what the sender has to say of it
  std::uint64_t place;  ///< index among the descriptors that the sender hands over
};

/// A new parcel. Throws std::bad_alloc, or RuntimeError when the companion is gone.
SharedRef make_parcel(std::uint64_t place, const SharedRef& companion, std::uint64_t meta);

/// Null when the reference is to an object of another type.
const Parcel* as_parcel(const SharedRef& ref) noexcept;

}  // namespace multiprocess::detail
