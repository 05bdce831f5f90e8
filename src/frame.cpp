// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/frame.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t most_in_short_header = 0x7fffffff;
constexpr std::size_t short_header = 4;
constexpr std::size_t long_header = 12;
constexpr std::size_t sent_with_header = 16384;
constexpr std::size_t step_of_trust = std::size_t{1} << 20;
constexpr std::size_t least_room = 4096;

using Header = std::array<std::byte, long_header>;

void put_big_endian(std::byte* to, std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i-- > 0; number >>= 8) {
    to[i] = static_cast<std::byte>(number & 0xff);
  }
}

std::uint64_t get_big_endian(std::span<const std::byte> from) {
  std::uint64_t number = 0;
  for (const std::byte each : from) {
    number = number << 8 | std::to_integer<std::uint64_t>(each);
  }
  return number;
}

std::size_t write_header(Header& header, std::uint64_t size) {
  if (size <= most_in_short_header) {
    put_big_endian(header.data(), size, short_header);
    return short_header;
  }
  put_big_endian(header.data(), UINT32_MAX, short_header);
  put_big_endian(header.data() + short_header, size, long_header - short_header);
  return long_header;
}

[[noreturn]] void throw_ended_inside() {
  throw std::system_error(std::make_error_code(std::errc::connection_aborted),
                          "got end of file during message");
}

void await(os::NativeHandle from, os::Deadline deadline) {
  if (deadline != os::never && !os::wait_readable(from, deadline)) {
    throw TimeoutError();
  }
}

void read_inside(os::NativeHandle from, std::span<std::byte> into, os::Deadline deadline) {
  for (std::size_t done = 0; done < into.size();) {
    await(from, deadline);
    const std::size_t got = os::read_some(from, into.subspan(done));
    if (got == 0) {
      throw_ended_inside();
    }
    done += got;
  }
}

/// The first bytes of a message: none at the end of the stream.
void read_first(os::NativeHandle from, std::span<std::byte> into, os::StreamPiece* beside,
                os::Deadline deadline) {
  await(from, deadline);
  std::size_t got = 0;
  if (beside == nullptr) {
    got = os::read_some(from, into);
  } else {
    *beside = os::read_with_handles(from, into);
    got = beside->size;
  }
  if (got == 0) {
    throw EOFError("the connection is closed at the other end");
  }
  read_inside(from, into.subspan(got), deadline);
}

[[noreturn]] void throw_no_length(std::uint64_t size) {
  throw std::system_error(
      std::make_error_code(std::errc::protocol_error),
      fmt::format("{:#x} is no length of a message: the other end does not send messages", size));
}

/// What a header says, when all of it is there.
std::optional<std::uint64_t> parse_header(Bytes header) {
  if (header.size() < short_header) {
    return std::nullopt;
  }
  const std::uint64_t size = get_big_endian(header.first(short_header));
  if (size <= most_in_short_header) {
    return size;
  }
  if (size != UINT32_MAX) {
    throw_no_length(size);
  }
  if (header.size() < long_header) {
    return std::nullopt;
  }
  const std::uint64_t long_size =
      get_big_endian(header.subspan(short_header, long_header - short_header));
  if (!std::in_range<std::ptrdiff_t>(long_size)) {
    throw_no_length(long_size);
  }
  return long_size;
}

std::uint64_t read_header(os::NativeHandle from, os::StreamPiece* beside, os::Deadline deadline) {
  Header header;
  const std::span<std::byte> all(header);
  read_first(from, all.first<short_header>(), beside, deadline);
  if (const auto size = parse_header(all.first<short_header>())) {
    return *size;
  }
  read_inside(from, all.subspan<short_header>(), deadline);
  return *parse_header(all);
}

}  // namespace

void send_frame(os::NativeHandle to, Bytes message, std::span<const os::NativeHandle> handles) {
  Header header;
  const std::size_t size = write_header(header, message.size());
  const auto begin = [to, handles](std::span<const std::byte> bytes) {
    return handles.empty() ? os::write_all(to, bytes) : os::write_with_handles(to, bytes, handles);
  };
  if (message.size() > sent_with_header) {
    begin(std::span(header).first(size));
    os::write_all(to, message);
    return;
  }
  std::array<std::byte, long_header + sent_with_header> together;
  std::memcpy(together.data(), header.data(), size);
  std::copy(message.begin(), message.end(), together.begin() + static_cast<std::ptrdiff_t>(size));
  begin(std::span(together).first(size + message.size()));
}

FrameReader::FrameReader(os::NativeHandle from, os::StreamPiece* beside, os::Deadline deadline)
    : from_(from), deadline_(deadline), remaining_(read_header(from, beside, deadline)) {}

void FrameReader::read(std::span<std::byte> into) {
  read_inside(from_, into, deadline_);
  remaining_ -= into.size();
}

std::vector<std::byte> FrameReader::read_rest() {
  std::vector<std::byte> bytes;
  while (remaining_ != 0) {
    const std::size_t before = bytes.size();
    const std::uint64_t next = std::min<std::uint64_t>(remaining_, std::max(before, step_of_trust));
    bytes.resize(before + static_cast<std::size_t>(next));
    read(std::span(bytes).subspan(before));
  }
  return bytes;
}

void FrameReader::skip_rest() {
  std::array<std::byte, sent_with_header> dropped;
  while (remaining_ != 0) {
    const std::uint64_t next = std::min<std::uint64_t>(remaining_, dropped.size());
    read(std::span(dropped).first(static_cast<std::size_t>(next)));
  }
}

std::span<std::byte> FrameBuffer::room() {
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
  end_ -= std::exchange(begin_, 0);
  // Memory grows with what has really come.
  const std::size_t more =
      std::clamp(wanted_ > end_ ? wanted_ - end_ : 0, least_room, std::max(end_, step_of_trust));
  bytes_.resize(end_ + more);
  return std::span(bytes_).subspan(end_);
}

std::optional<Bytes> FrameBuffer::next() {
  const Bytes here = Bytes(bytes_).subspan(begin_, end_ - begin_);
  const auto size = parse_header(here);
  if (!size) {
    return std::nullopt;
  }
  const std::size_t header = here[0] == std::byte{0xff} ? long_header : short_header;
  wanted_ = header + static_cast<std::size_t>(*size);
  if (here.size() < wanted_) {
    return std::nullopt;
  }
  begin_ += std::exchange(wanted_, 0);
  return here.subspan(header, static_cast<std::size_t>(*size));
}

std::optional<std::size_t> read_soon(os::NativeHandle socket, std::span<std::byte> into,
                                     os::Deadline deadline) {
  for (Spin spin; spin.again();) {
    if (const auto got = os::read_now(socket, into)) {
      return *got;
    }
  }
  if (deadline != os::never && !os::wait_readable(socket, deadline)) {
    return std::nullopt;
  }
  return os::read_some(socket, into);
}

void append_frame(std::vector<std::byte>& to, Bytes message) {
  Header header;
  const std::size_t size = write_header(header, message.size());
  to.insert(to.end(), header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size));
  to.insert(to.end(), message.begin(), message.end());
}

}  // namespace multiprocess::detail
