// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/shared_ref.hpp>

namespace multiprocess::detail {

/// A proxy's object as another program is told of it: the server's address, and its id there.
/// Throws NotSendable where the server has no address.
void save_cell(OutputArchive& archive, const SharedRef& cell);

/// A cell of this tree for it. Throws as Client, and what the server says of an object that is
/// gone.
SharedRef load_cell(InputArchive& archive);

}  // namespace multiprocess::detail
