// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::detail::os {

/// Called when the program is loaded, before its own static constructors; true when a child's work
/// is to be done instead of main. Defined by the floor above, as is `run_instead_of_main`.
bool run_when_loaded() noexcept;

/// Called when the static constructors are done, if `run_when_loaded` said true. Does not return.
[[noreturn]] void run_instead_of_main() noexcept;

/// Does nothing; who calls it has the takeover linked into the program.
void link_takeover() noexcept;

}  // namespace multiprocess::detail::os
