// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace multiprocess::test {

/// What there is of the heap's pages, and what each process keeps for itself. Takes no lock: it
/// also tells when somebody stands still who holds one.
std::string describe_heap();

/// Who has a place among the participants.
std::string describe_places();

}  // namespace multiprocess::test
