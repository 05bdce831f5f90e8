// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/stream_transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include <mutex>

namespace multiprocess::detail {

namespace {

class StreamTransport final : public Transport {
 public:
  using Transport::Transport;
  ~StreamTransport() override { close(); }

  void send(const void* value, void (*save)(OutputArchive&, const void*)) override {
    ScratchBuffer buffer;
    Outgoing nothing(Outgoing::BytesOnly{});
    OutputArchive archive(*buffer);
    save(archive, value);
    send(buffer->bytes());
  }
  void send(Bytes message) override {
    const std::scoped_lock lock(sending_);
    send_frame(handle(), message);
  }

  void receive(void* context, void (*read)(void*, Bytes)) override {
    const std::vector<std::byte> message = receive_bytes(SIZE_MAX);
    const Incoming nothing;
    read(context, message);
  }
  std::vector<std::byte> receive_bytes(std::size_t most) override {
    const std::scoped_lock lock(receiving_);
    FrameReader frame(handle());
    if (frame.remaining() > most) {
      const std::uint64_t size = frame.remaining();
      frame.skip_rest();
      throw_too_long(size, most);
    }
    return frame.read_rest();
  }
  std::size_t receive_into(std::span<std::byte> buffer) override {
    const std::scoped_lock lock(receiving_);
    FrameReader frame(handle());
    if (frame.remaining() > buffer.size()) {
      throw BufferTooShort(frame.read_rest());
    }
    const auto size = static_cast<std::size_t>(frame.remaining());
    frame.read(buffer.first(size));
    return size;
  }

  bool wait_ready(os::Deadline deadline) override { return os::wait_readable(handle(), deadline); }

  std::uint32_t pack(Outgoing& message) const override {
    return message.add_descriptor(os::duplicate(handle()), {}, directions().bits());
  }

 private:
  std::mutex sending_;
  std::mutex receiving_;
};

}  // namespace

Transport* stream_transport(os::Handle handle, Transport::Directions directions) {
  return new StreamTransport(std::move(handle), directions);
}

}  // namespace multiprocess::detail
