// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/fd.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
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

/// A letter of ends: of a pipe whose other end has said a number and is closed, and of a system
/// pipe alike.
struct Bundle {
  Stamp stamp;
  Lock lock;
  Connection connection;
  Fd fd;
};

/// How items are made, say which they are, and are read: nothing when one is torn.
template <class T>
struct Goods;

template <>
struct Goods<Stamp> {
  static Stamp make(std::uint32_t producer, std::uint32_t sequence, Random&) {
    return {producer, sequence, mixed(std::uint64_t{producer} << 32 | sequence)};
  }
  static Stamp label(const Stamp& stamp) { return stamp; }
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
           : kind < 99 ? between(random, 17'000, 80'000)
                       : between(random, 131'072, 200'000);
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
  static Stamp label(const Parcel& parcel) {
    const std::uint64_t name = parcel.empty() ? UINT64_MAX : parcel[0];
    return {static_cast<std::uint32_t>(name >> 32), static_cast<std::uint32_t>(name), 0};
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
    return label(parcel);
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
  static Stamp label(const Letter& letter) { return letter.stamp; }
  static std::optional<Stamp> read(const Letter& letter) {
    const auto stamp = Goods<Stamp>::read(letter.stamp);
    const bool whole =
        stamp && letter.lock.acquire(false) && letter.enclosed.qsize() == 1 &&
        letter.enclosed.get_nowait() == stamp->sequence &&
        letter.text.find_first_not_of(character(stamp->sequence)) == std::string::npos;
    return whole ? stamp : std::nullopt;
  }
};

template <>
struct Goods<Bundle> {
  static Bundle make(std::uint32_t producer, std::uint32_t sequence, Random& random) {
    const auto [read, write] = Pipe(false);
    write.send(sequence);
    const Parcel large(between(random, 0, 9) == 0 ? 20'000 : 1, sequence);
    write.send(large);
    detail::os::Pipe pipe = detail::os::make_pipe();
    detail::os::write_all(pipe.write.get(), std::as_bytes(std::span(&sequence, 1)));
    return {Goods<Stamp>::make(producer, sequence, random), {}, read, Fd(std::move(pipe.read))};
  }
  static Stamp label(const Bundle& bundle) { return bundle.stamp; }
  static std::optional<Stamp> read(const Bundle& bundle) {
    const auto stamp = Goods<Stamp>::read(bundle.stamp);
    const bool whole = stamp && bundle.lock.acquire(false) &&
                       says(bundle.connection, stamp->sequence) && says(bundle.fd, stamp->sequence);
    return whole ? stamp : std::nullopt;
  }

 private:
  static bool says(const Connection& connection, std::uint32_t sequence) {
    const bool first = connection.recv<std::uint32_t>() == sequence;
    const auto large = connection.recv<Parcel>();
    try {
      connection.recv<std::uint32_t>();
      return false;
    } catch (const EOFError&) {
      return first && std::count(large.begin(), large.end(), sequence) ==
                          static_cast<std::ptrdiff_t>(large.size());
    }
  }
  static bool says(const Fd& fd, std::uint32_t sequence) {
    std::uint32_t said = 0;
    std::byte none{};
    return detail::os::read_all(fd.fileno(), std::as_writable_bytes(std::span(&said, 1))) &&
           said == sequence && detail::os::read_some(fd.fileno(), std::span(&none, 1)) == 0;
  }
};

}  // namespace multiprocess::test
