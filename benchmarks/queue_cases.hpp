// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "harness/suite.hpp"

namespace bench {

/// Items of 64 KiB, 1 MiB and 64 MiB.
void add_bytes(Suite& suite);

/// Ten million items that wait.
void add_backlog(Suite& suite);

/// The CPU time of getters that wait.
void add_idle(Suite& suite);

}  // namespace bench
