// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/seal.hpp>

#include <multiprocess/detail/os/hmac.hpp>

#include <algorithm>

namespace multiprocess::detail {

namespace {

std::array<std::byte, 8> big_endian(std::uint64_t number) noexcept {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = bytes.size(); i-- > 0; number >>= 8) {
    bytes[i] = static_cast<std::byte>(number & 0xff);
  }
  return bytes;
}

}  // namespace

Seal::Seal(std::span<const std::byte, packed_size> packed)
    : key_(std::make_shared<const Secret>(packed.first<key_size>())) {
  for (const std::byte each : packed.last<counter_size>()) {
    next_ = next_ << 8 | std::to_integer<std::uint64_t>(each);
  }
}

void Seal::pack(std::span<std::byte, packed_size> into) const noexcept {
  std::copy_n(key_->bytes().begin(), key_size, into.begin());
  std::ranges::copy(big_endian(next_), into.begin() + key_size);
}

std::array<std::byte, Seal::mac_size> Seal::mac(Bytes message) const {
  const os::Sha256Mac whole =
      os::hmac_sha256(key_->bytes(), {big_endian(next_), big_endian(message.size()), message});
  std::array<std::byte, mac_size> first;
  std::copy_n(whole.begin(), mac_size, first.begin());
  return first;
}

void Seal::close(Bytes message, ByteBuffer& into) {
  const auto counter = big_endian(next_);
  const auto seal = mac(message);
  std::byte* to = into.extend(counter_size + message.size() + mac_size);
  to = std::copy(counter.begin(), counter.end(), to);
  to = std::copy(message.begin(), message.end(), to);
  std::copy(seal.begin(), seal.end(), to);
  ++next_;
}

std::optional<Bytes> Seal::open(Bytes frame) {
  const auto counter = big_endian(next_);
  if (frame.size() < counter_size + mac_size ||
      !std::equal(counter.begin(), counter.end(), frame.begin())) {
    return std::nullopt;
  }
  const Bytes message = frame.subspan(counter_size, frame.size() - counter_size - mac_size);
  if (!os::equal_in_constant_time(frame.last(mac_size), mac(message))) {
    return std::nullopt;
  }
  ++next_;
  return message;
}

}  // namespace multiprocess::detail
