// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "words.hpp"

#include <span>

/// Counts the words of one chunk, which comes in pieces of any size. It looks past the chunk's end
/// for the rest of the last word, and leaves a word that began before the chunk alone.
class Scanner {
 public:
  Scanner(Counts& counts, std::uint64_t size) : counts_(counts), left_(size) {}

  /// The byte before the chunk: inside a word, the rest of that word is not ours.
  void byte_before(char byte);

  /// The next bytes of the file; they are changed in place.
  void feed(std::span<char> bytes);
  void end_of_file();

  /// How many bytes to read next: 0 when the last word that begins in the chunk is complete.
  std::uint64_t wanted() const { return left_ > 0 ? left_ : carried_.empty() ? 0 : 256; }

 private:
  void take(std::string_view run, bool complete);
  void count(std::string_view word);

  Counts& counts_;
  std::uint64_t left_;    // bytes of the chunk still to come
  std::string carried_;   // a word that the last piece cut off
  bool foreign_ = false;  // within a word that began before the chunk
};
