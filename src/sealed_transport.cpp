// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/sealed_transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <system_error>

namespace multiprocess::detail {

namespace {

constexpr std::size_t mac_size = 16;
constexpr std::size_t counter_size = 8;
constexpr std::size_t seal_size = counter_size + mac_size;
constexpr std::size_t key_size = 32;

std::array<std::byte, 8> big_endian(std::uint64_t number) noexcept {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = bytes.size(); i-- > 0; number >>= 8) {
    bytes[i] = static_cast<std::byte>(number & 0xff);
  }
  return bytes;
}

/// One direction of a connection.
struct Seal {
  std::shared_ptr<const Secret> key;
  std::uint64_t next = 0;

  os::Sha256Mac mac(Bytes message) const {
    return os::hmac_sha256(key->bytes(), {big_endian(next), big_endian(message.size()), message});
  }
};

struct State {
  Seal sending;
  Seal receiving;
};

class SealedTransport final : public Transport {
 public:
  SealedTransport(os::Handle stream, State state)
      : Transport(std::move(stream), {}), state_(std::move(state)) {}
  ~SealedTransport() override { close(); }

  void send(const void* value, void (*save)(OutputArchive&, const void*)) override {
    ScratchBuffer buffer;
    Outgoing nothing(Outgoing::Abroad::bytes);
    OutputArchive archive(*buffer);
    save(archive, value);
    send(buffer->bytes());
  }
  void send(Bytes message) override {
    const std::scoped_lock lock(sending_);
    Seal& seal = state_.sending;
    ScratchBuffer frame;
    const auto counter = big_endian(seal.next);
    const auto mac = seal.mac(message);
    std::byte* to = frame->extend(message.size() + seal_size);
    to = std::copy(counter.begin(), counter.end(), to);
    to = std::copy(message.begin(), message.end(), to);
    std::copy_n(mac.begin(), mac_size, to);
    ++seal.next;
    send_frame(handle(), frame->bytes());
  }

  void receive(void* context, void (*read)(void*, Bytes)) override {
    const std::vector<std::byte> message = receive_bytes(SIZE_MAX);
    const Incoming nothing;
    read(context, message);
  }
  std::vector<std::byte> receive_bytes(std::size_t most) override {
    std::vector<std::byte> message = take();
    if (message.size() > most) {
      throw_too_long(message.size(), most);
    }
    return message;
  }
  std::size_t receive_into(std::span<std::byte> buffer) override {
    std::vector<std::byte> message = take();
    if (message.size() > buffer.size()) {
      throw BufferTooShort(std::move(message));
    }
    std::copy(message.begin(), message.end(), buffer.begin());
    return message.size();
  }

  bool wait_ready(os::Deadline deadline) override { return os::wait_readable(handle(), deadline); }

  std::uint32_t pack(Outgoing& message) const override {
    if (message.leaves_the_tree()) {
      throw NotSendable("a sealed connection belongs to the processes of one tree: its keys stay");
    }
    std::array<std::byte, 2 * (key_size + counter_size)> all;
    std::byte* to = all.data();
    for (const Seal* seal : {&state_.sending, &state_.receiving}) {
      const auto counter = big_endian(seal->next);
      to = std::copy(seal->key->bytes().begin(), seal->key->bytes().end(), to);
      to = std::copy(counter.begin(), counter.end(), to);
    }
    const SharedRef state = make_shared_bytes(all);
    os::wipe(all);
    return message.add_descriptor(os::duplicate(handle()), state, directions().bits());
  }

 private:
  /// The next message, when it is just what the other end sent next.
  std::vector<std::byte> take() {
    const std::scoped_lock lock(receiving_);
    FrameReader frame(handle());
    std::vector<std::byte> all = frame.read_rest();
    if (!is_genuine(all)) {
      close();
      throw std::system_error(std::make_error_code(std::errc::bad_message),
                              "a message that the other end has not sent next, or that was changed "
                              "on its way: the connection is closed");
    }
    ++state_.receiving.next;
    all.resize(all.size() - mac_size);
    all.erase(all.begin(), all.begin() + counter_size);
    return all;
  }

  bool is_genuine(Bytes frame) const {
    const auto counter = big_endian(state_.receiving.next);
    if (frame.size() < seal_size || !std::equal(counter.begin(), counter.end(), frame.begin())) {
      return false;
    }
    const Bytes message = frame.subspan(counter_size, frame.size() - seal_size);
    return os::equal_in_constant_time(frame.last(mac_size),
                                      Bytes(state_.receiving.mac(message)).first(mac_size));
  }

  ThreadLock sending_;
  ThreadLock receiving_;
  State state_;
};

Seal read_seal(Bytes bytes) {
  Seal seal{std::make_shared<const Secret>(bytes.first(key_size))};
  for (const std::byte each : bytes.subspan(key_size, counter_size)) {
    seal.next = seal.next << 8 | std::to_integer<std::uint64_t>(each);
  }
  return seal;
}

}  // namespace

Transport* sealed_transport(os::Handle stream, SessionKeys keys) {
  return new SealedTransport(std::move(stream),
                             {{std::move(keys.sending)}, {std::move(keys.receiving)}});
}

Transport* received_sealed_transport(os::Handle stream, const SharedRef& state) {
  const Bytes all = shared_bytes_of(state);
  constexpr std::size_t each = key_size + counter_size;
  if (all.size() != 2 * each) {
    throw TypeError("the message does not hold a connection");
  }
  return new SealedTransport(std::move(stream),
                             {read_seal(all.first(each)), read_seal(all.last(each))});
}

}  // namespace multiprocess::detail
