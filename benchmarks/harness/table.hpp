// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "row.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A figure with three digits.
std::string short_number(double value);

/// A figure of the row, with a unit that suits it.
std::string with_unit(double value, std::string_view unit);

/// What was measured, as a Markdown table: for each contender its warm and cold figures, and how
/// many times as long as the library it took.
std::string table(const std::vector<Row>& rows);

}  // namespace bench
