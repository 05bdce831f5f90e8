// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "row.hpp"
#include "target.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A row as one line.
std::string to_json(const Row& row);

/// The row of such a line. Throws std::runtime_error when it is none.
Row row_from_json(std::string_view line);

/// Adds the row to the end of the file.
void append(const std::filesystem::path& file, const Row& row);

/// The rows of a file of lines, or of a recorded run. Throws std::runtime_error when it cannot be
/// read.
std::vector<Row> read_rows(const std::filesystem::path& file);

/// Writes a run for the record: the machine, and the rows each on a line of its own.
void record(const std::filesystem::path& file, std::string_view machine,
            const std::vector<Row>& rows);

/// The targets of targets.json, with the same exception.
std::vector<Target> read_targets(const std::filesystem::path& file);

}  // namespace bench
