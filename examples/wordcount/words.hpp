// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// Looks a string_view up without making a string of it.
struct WordHash : std::hash<std::string_view> {
  using is_transparent = void;
};

/// How often each word was seen. A word is a run of ASCII letters (made small), digits and bytes
/// above 127: UTF-8 text stays whole, and no locale has a say.
using Counts = std::unordered_map<std::string, std::uint64_t, WordHash, std::equal_to<>>;

/// A part of a file, or all of it. A word belongs to the chunk in which it begins.
struct Chunk {
  std::uint32_t number = 0;
  std::string path = {};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - begin; }
};

using Chunks = std::vector<Chunk>;

enum class Status : std::uint8_t { counted, binary, unreadable };

/// Adds the words that begin in `chunk`. A file with a NUL in its first 8 KiB is binary.
Status count_words(const Chunk& chunk, Counts& counts);

void add(Counts& sum, Counts part);

using Ranking = std::vector<std::pair<std::string, std::uint64_t>>;

/// The `most` commonest words, the commonest first, equally common ones by the alphabet.
Ranking top_words(const Counts& counts, std::size_t most);
