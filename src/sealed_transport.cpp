// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/sealed_transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/seal.hpp>
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
    ScratchBuffer frame;
    state_.sending.close(message, *frame);
    send_frame(handle(), frame->bytes());
  }

  void receive(void* context, void (*read)(void*, Bytes)) override {
    const std::vector<std::byte> message = receive_bytes(SIZE_MAX, os::never);
    const Incoming nothing;
    read(context, message);
  }
  std::vector<std::byte> receive_bytes(std::size_t most, os::Deadline deadline) override {
    std::vector<std::byte> message = take(deadline);
    if (message.size() > most) {
      throw_too_long(message.size(), most);
    }
    return message;
  }
  std::size_t receive_into(std::span<std::byte> buffer) override {
    std::vector<std::byte> message = take(os::never);
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
    std::array<std::byte, 2 * Seal::packed_size> all;
    const std::span whole(all);
    state_.sending.pack(whole.first<Seal::packed_size>());
    state_.receiving.pack(whole.last<Seal::packed_size>());
    const SharedRef state = make_shared_bytes(all);
    os::wipe(all);
    return message.add_descriptor(os::duplicate(handle()), state, directions().bits());
  }

 private:
  /// The next message, when it is just what the other end sent next.
  std::vector<std::byte> take(os::Deadline deadline) {
    const std::scoped_lock lock(receiving_);
    FrameReader frame(handle(), nullptr, deadline);
    std::vector<std::byte> all = frame.read_rest();
    const std::optional<Bytes> message = state_.receiving.open(all);
    if (!message) {
      close();
      throw std::system_error(std::make_error_code(std::errc::bad_message),
                              "a message that the other end has not sent next, or that was changed "
                              "on its way: the connection is closed");
    }
    const auto begin = message->data() - all.data();
    all.resize(static_cast<std::size_t>(begin) + message->size());
    all.erase(all.begin(), all.begin() + begin);
    return all;
  }

  ThreadLock sending_;
  ThreadLock receiving_;
  State state_;
};

}  // namespace

Transport* sealed_transport(os::Handle stream, SessionKeys keys) {
  return new SealedTransport(std::move(stream),
                             {Seal(std::move(keys.sending)), Seal(std::move(keys.receiving))});
}

Transport* received_sealed_transport(os::Handle stream, const SharedRef& state) {
  const Bytes all = shared_bytes_of(state);
  constexpr std::size_t each = Seal::packed_size;
  if (all.size() != 2 * each) {
    throw TypeError("the message does not hold a connection");
  }
  return new SealedTransport(std::move(stream),
                             {Seal(all.first<each>()), Seal(all.subspan<each, each>())});
}

}  // namespace multiprocess::detail
