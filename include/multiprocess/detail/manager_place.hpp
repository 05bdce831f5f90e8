// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <optional>

namespace multiprocess::detail {

/// Where a manager's server is met by programs outside of its tree, and with what key.
struct ManagerPlace {
  static constexpr bool multiprocess_codec = true;

  Address address;
  std::optional<Key> key;  ///< none: that of the process, or nobody's business here

  void encode(OutputArchive& archive) const;
  static ManagerPlace decode(InputArchive& archive);
};

/// Notes it at the desk, for all processes of the tree. Once, before the desk is open.
void set_place(Desk& desk, const ManagerPlace& place);

/// Throws RuntimeError where none was noted.
ManagerPlace place_of(const Desk& desk);

}  // namespace multiprocess::detail
