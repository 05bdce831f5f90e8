// SPDX-License-Identifier: BSD-3-Clause
//
// How many calls (one byte), the calls (one byte each), and what a stream brings. Connection says
// of it what a few lines that read the whole of it at once say.
#include "fuzz/fuzz.hpp"

#include <multiprocess/connection.hpp>
#include <multiprocess/error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

namespace multiprocess::test {
namespace {

using detail::Bytes;

/// A file of which each Connection reads the whole.
class Stream {
 public:
  Stream() : file_(memfd_create("fuzz", MFD_CLOEXEC)) {}

  Connection open(Bytes bytes) const {
    require(ftruncate(file_, 0) == 0 && lseek(file_, 0, SEEK_SET) == 0, "the file is empty");
    require(write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
            "the file is full");
    rewind();
    return Connection(dup(file_));
  }
  void rewind() const { lseek(file_, 0, SEEK_SET); }

 private:
  int file_;
};

enum class Fate { message, too_long, end, cut_short, no_frame };

struct Result {
  Fate fate;
  std::vector<std::byte> bytes = {};

  friend bool operator==(const Result&, const Result&) = default;
};

/// What comes next, by the rules: four bytes of length, or -1 and eight.
class Model {
 public:
  explicit Model(Bytes bytes) : rest_(bytes) {}

  /// `most`: a longer message is dropped.
  Result next(std::uint64_t most) {
    if (rest_.empty()) {
      return {Fate::end};
    }
    std::optional<std::uint64_t> size = number(4);
    if (size && *size > 0x7fffffff) {
      if (*size != 0xffffffff) {
        return {Fate::no_frame};
      }
      size = number(8);
      if (size && *size > 0x7fffffffffffffff) {
        return {Fate::no_frame};
      }
    }
    if (size && *size > most && *size > most_skipped) {
      return {Fate::too_long};  // and the connection is closed
    }
    if (!size || *size > rest_.size()) {
      rest_ = {};
      return {Fate::cut_short};
    }
    const Bytes body = rest_.first(static_cast<std::size_t>(*size));
    rest_ = rest_.subspan(body.size());
    return *size > most ? Result{Fate::too_long}
                        : Result{Fate::message, {body.begin(), body.end()}};
  }

 private:
  static constexpr std::uint64_t most_skipped = std::uint64_t{16} << 20;

  std::optional<std::uint64_t> number(std::size_t size) {
    if (rest_.size() < size) {
      return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const std::byte each : rest_.first(size)) {
      value = value << 8 | std::to_integer<std::uint64_t>(each);
    }
    rest_ = rest_.subspan(size);
    return value;
  }

  Bytes rest_;
};

Fate fate_of(const std::system_error& error) {
  return error.code() == std::errc::message_size         ? Fate::too_long
         : error.code() == std::errc::connection_aborted ? Fate::cut_short
         : error.code() == std::errc::protocol_error     ? Fate::no_frame
                                                         : throw error;
}

std::vector<std::byte> take(const Connection& connection, unsigned way, std::size_t most) {
  if (way == 0) {
    return connection.recv_bytes();
  }
  if (way == 1) {
    return connection.recv_bytes(static_cast<std::ptrdiff_t>(most));
  }
  std::vector<std::byte> into(most);
  try {
    into.resize(connection.recv_bytes_into(into));
    return into;
  } catch (const BufferTooShort& short_one) {
    require(short_one.message().size() > most, "a buffer that is too short");
    return short_one.message();
  }
}

Result next(const Connection& connection, unsigned way, std::size_t most) {
  try {
    return {Fate::message, take(connection, way, most)};
  } catch (const EOFError&) {
    return {Fate::end};
  } catch (const std::system_error& error) {
    return {fate_of(error)};
  }
}

/// What was received can be sent, and received again.
void send_again(const std::vector<std::byte>& message) {
  static const Stream stream;
  const Connection connection = stream.open({});
  connection.send_bytes(message);
  connection.send_bytes(message);
  stream.rewind();
  require(connection.recv_bytes() == message && connection.recv_bytes() == message,
          "a message crosses unchanged");
}

std::vector<std::byte> input_of(const std::vector<std::uint8_t>& head,
                                const std::vector<std::vector<std::byte>>& messages) {
  static const Stream stream;
  const Connection connection = stream.open({});
  for (const auto& message : messages) {
    connection.send_bytes(message);
  }
  stream.rewind();
  const auto first = std::as_bytes(std::span(head));
  std::vector<std::byte> input(first.begin(), first.end());
  std::array<std::byte, 4096> piece;
  for (ssize_t got = 1; got > 0;) {
    got = read(connection.fileno(), piece.data(), piece.size());
    input.insert(input.end(), piece.begin(), piece.begin() + std::max<ssize_t>(got, 0));
  }
  return input;
}

}  // namespace

std::vector<Seed> seeds() {
  const std::vector<std::byte> text(30, std::byte{'a'});
  const std::vector<std::byte> large(5000, std::byte{'b'});
  return {{"three_messages", input_of({3, 0, 5, 10}, {text, {}, text})},
          {"large_one", input_of({1, 0}, {large})},
          {"too_long_a_message", input_of({2, 1, 0}, {large, text})},
          {"too_short_a_buffer", input_of({2, 2, 0}, {large, text})},
          {"nothing", input_of({1, 0}, {})}};
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  static const Stream stream;
  Input input(data, size);
  std::vector<std::uint8_t> calls(input.byte() % 16);
  std::generate(calls.begin(), calls.end(), [&] { return input.byte(); });
  Model model(input.rest());
  const auto connection = stream.open(input.rest());
  for (const std::uint8_t call : calls) {
    const unsigned way = call % 3;
    const std::size_t most = call / 3 * 16;
    const Result expected = model.next(way == 1 ? most : UINT64_MAX);
    const Result found = next(connection, way, most);
    require(found == expected, "the stream says what it should");
    if (connection.closed()) {
      break;
    }
    if (found.fate == Fate::message) {
      send_again(found.bytes);
    }
  }
  return 0;
}
