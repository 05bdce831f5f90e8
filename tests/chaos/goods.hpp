// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace multiprocess::test {

using Random = std::mt19937_64;

inline std::uint32_t between(Random& random, std::uint32_t least, std::uint32_t most) {
  return std::uniform_int_distribution<std::uint32_t>(least, most)(random);
}

/// Says which item it is, and that it is whole.
struct Stamp {
  std::uint32_t producer;
  std::uint32_t sequence;
  std::uint64_t check;
};

inline std::uint64_t mixed(std::uint64_t word) noexcept {  // splitmix64
  word += 0x9e3779b97f4a7c15;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

/// Bytes of a queue's slot, a block of any size, and bytes with references beside them.
using Parcel = std::vector<std::uint64_t>;
struct Letter {
  Stamp stamp;
  Lock lock;
  Queue<std::uint32_t> enclosed;
  std::string text;
};

/// How items are made, and read: nothing when one is torn.
template <class T>
struct Goods;

template <>
struct Goods<Stamp> {
  static Stamp make(std::uint32_t producer, std::uint32_t sequence, Random&) {
    return {producer, sequence, mixed(std::uint64_t{producer} << 32 | sequence)};
  }
  static std::optional<Stamp> read(const Stamp& stamp) {
    const bool whole = stamp.check == mixed(std::uint64_t{stamp.producer} << 32 | stamp.sequence);
    return whole ? std::optional(stamp) : std::nullopt;
  }
};

template <>
struct Goods<Parcel> {
  /// From what fits the slot to what is received while it is still being sent.
  static std::size_t length(Random& random) {
    const std::uint32_t kind = between(random, 0, 99);
    return kind < 50   ? between(random, 2, 6)
           : kind < 85 ? between(random, 7, 2'000)
           : kind < 95 ? between(random, 2'000, 8'000)
                       : between(random, 17'000, 80'000);
  }
  static Parcel make(std::uint32_t producer, std::uint32_t sequence, Random& random) {
    Parcel parcel(length(random));
    const std::uint64_t name = std::uint64_t{producer} << 32 | sequence;
    parcel[0] = name;
    parcel[1] = parcel.size();
    for (std::size_t i = 2; i < parcel.size(); ++i) {
      parcel[i] = mixed(name + i);
    }
    return parcel;
  }
  static std::optional<Stamp> read(const Parcel& parcel) {
    if (parcel.size() < 2 || parcel[1] != parcel.size()) {
      return std::nullopt;
    }
    for (std::size_t i = 2; i < parcel.size(); ++i) {
      if (parcel[i] != mixed(parcel[0] + i)) {
        return std::nullopt;
      }
    }
    return Stamp{static_cast<std::uint32_t>(parcel[0] >> 32), static_cast<std::uint32_t>(parcel[0]),
                 0};
  }
};

template <>
struct Goods<Letter> {
  static char character(std::uint32_t sequence) { return static_cast<char>('a' + sequence % 26); }

  static Letter make(std::uint32_t producer, std::uint32_t sequence, Random& random) {
    Letter letter{Goods<Stamp>::make(producer, sequence, random),
                  {},
                  {},
                  std::string(between(random, 0, 3'000), character(sequence))};
    letter.enclosed.put(sequence);
    return letter;
  }
  static std::optional<Stamp> read(const Letter& letter) {
    const auto stamp = Goods<Stamp>::read(letter.stamp);
    const bool whole =
        stamp && letter.lock.acquire(false) && letter.enclosed.qsize() == 1 &&
        letter.enclosed.get_nowait() == stamp->sequence &&
        letter.text.find_first_not_of(character(stamp->sequence)) == std::string::npos;
    return whole ? stamp : std::nullopt;
  }
};

}  // namespace multiprocess::test
