// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "words.hpp"

/// Every regular file below the folders (or the file itself), each once, links not followed.
/// Throws std::system_error for a path that does not exist.
Chunks find_files(const std::vector<std::string>& folders);

/// The same files cut into chunks of at most `size` bytes.
Chunks split(const Chunks& files, std::uint64_t size);

/// The sum of their bytes.
std::uint64_t size_of(const Chunks& chunks);
