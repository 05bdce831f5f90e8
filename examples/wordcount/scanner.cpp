// SPDX-License-Identifier: BSD-3-Clause
#include "scanner.hpp"

#include <algorithm>
#include <array>

/// What each byte is within a word; 0 ends the word.
static constexpr auto letters = [] {
  std::array<char, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned small = byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
    const bool ascii = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9');
    table[byte] = static_cast<char>(ascii || byte > 127 ? small : 0);
  }
  return table;
}();

static char letter(char byte) {
  return letters[static_cast<unsigned char>(byte)];
}

void Scanner::byte_before(char byte) {
  foreign_ = letter(byte) != 0;
}

void Scanner::feed(std::span<char> bytes) {
  std::ranges::transform(bytes, bytes.begin(), letter);
  const std::string_view piece(bytes.data(), bytes.size());
  for (std::size_t at = 0; at < piece.size() && (at < left_ || !carried_.empty());) {
    const std::size_t stop = std::min(piece.find('\0', at), piece.size());
    take(piece.substr(at, stop - at), stop < piece.size());
    at = stop + 1;
  }
  left_ -= std::min<std::uint64_t>(left_, piece.size());
}

void Scanner::end_of_file() {
  take({}, true);
  left_ = 0;
}

void Scanner::take(std::string_view run, bool complete) {
  if (foreign_) {
    foreign_ = !complete;
  } else if (complete && carried_.empty()) {
    count(run);
  } else if (carried_ += run; complete) {
    count(carried_);
    carried_.clear();
  }
}

void Scanner::count(std::string_view word) {
  if (!word.empty()) {
    const auto known = counts_.find(word);
    ++(known != counts_.end() ? known->second : counts_[std::string(word)]);
  }
}
