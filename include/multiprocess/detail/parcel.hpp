// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstdint>

namespace multiprocess::detail {

/// Stands in the arena for one descriptor that travels with a message: the message refers to it as
/// to any shared object, so it ends when the message has been read or dropped.
struct Parcel {
  static constexpr std::uint64_t first_deposit = std::uint64_t{1} << 32;

  RefEntry companion;   ///< a shared object that belongs to the descriptor (its pipe), or 0
  std::uint64_t meta;   ///< what the sender has to say of it
  std::uint64_t place;  ///< index among those that the sender hands over, or number of a deposit

  bool is_deposited() const noexcept { return place >= first_deposit; }
};

/// A new parcel. Throws std::bad_alloc, or RuntimeError when the companion is gone.
SharedRef make_parcel(std::uint64_t place, const SharedRef& companion, std::uint64_t meta);

/// Null when the reference is to an object of another type.
const Parcel* as_parcel(const SharedRef& ref) noexcept;

/// True while there is a parcel at that place (whatever else may be there by now) and it stands for
/// that deposit.
bool stands_for(Offset parcel, std::uint64_t deposit) noexcept;

}  // namespace multiprocess::detail
