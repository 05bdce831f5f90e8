// SPDX-License-Identifier: BSD-3-Clause
#include "words.hpp"

#include "scanner.hpp"

#include <algorithm>
#include <array>
#include <fstream>

namespace {

using Piece = std::array<char, 65536>;

/// Up to `wanted` bytes from where the file stands; fewer at its end.
std::span<char> read_some(std::ifstream& file, Piece& piece, std::uint64_t wanted) {
  const std::uint64_t size = std::min<std::uint64_t>(wanted, piece.size());
  file.read(piece.data(), static_cast<std::streamsize>(size));
  return {piece.data(), static_cast<std::size_t>(file.gcount())};
}

}  // namespace

Status count_words(const Chunk& chunk, Counts& counts) {
  std::ifstream file(chunk.path, std::ios::binary);
  Piece piece;
  const std::span<char> head = read_some(file, piece, 8192);
  if (!file.is_open() || file.bad()) {
    return Status::unreadable;
  }
  if (std::ranges::find(head, '\0') != head.end()) {
    return Status::binary;
  }
  Scanner scanner(counts, chunk.size());
  file.clear();
  file.seekg(static_cast<std::streamoff>(chunk.begin == 0 ? 0 : chunk.begin - 1));
  if (chunk.begin > 0) {
    scanner.byte_before(static_cast<char>(file.get()));
  }
  while (scanner.wanted() > 0) {
    const std::span<char> bytes = read_some(file, piece, scanner.wanted());
    bytes.empty() ? scanner.end_of_file() : scanner.feed(bytes);
  }
  return file.bad() ? Status::unreadable : Status::counted;
}

void add(Counts& sum, Counts part) {
  sum.merge(part);  // moves the words over that are new, and leaves the others
  for (const auto& [word, count] : part) {
    sum.find(word)->second += count;
  }
}

Ranking top_words(const Counts& counts, std::size_t most) {
  Ranking words(counts.begin(), counts.end());
  std::ranges::sort(words, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  words.resize(std::min(most, words.size()));
  return words;
}
