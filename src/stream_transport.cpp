// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/stream_transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

/// A longer message that nobody wants is not waited for: there is no going on behind it.
constexpr std::uint64_t most_skipped = std::uint64_t{16} << 20;

/// Descriptors go beside the bytes; what their senders have to say of them, behind the value: for
/// each a number and some bytes, and at the end how long all this is.
std::vector<os::NativeHandle> add_parts(OutputArchive& archive, Outgoing& beside) {
  std::vector<os::NativeHandle> handles;
  if (beside.descriptors().empty()) {
    return handles;
  }
  if (beside.descriptors().size() > os::most_handles_per_message) {
    throw NotSendable(
        fmt::format("one message carries at most {} descriptors", os::most_handles_per_message));
  }
  const std::size_t begin = archive.position();
  for (const SharedRef& ref : beside.refs()) {
    const Parcel& parcel = *as_parcel(ref);
    const Offset companion = parcel.companion.load(std::memory_order_acquire);
    const SharedRef about = companion == 0 ? SharedRef() : take_reference(companion);
    const Bytes bytes = about ? shared_bytes_of(about) : Bytes();
    archive.put(parcel.meta);
    archive.put(static_cast<std::uint32_t>(bytes.size()));
    archive.write(bytes.data(), bytes.size());
    handles.push_back(beside.descriptors()[parcel.place].get());
  }
  archive.put(static_cast<std::uint32_t>(archive.position() - begin));
  return handles;
}

/// Leaves the value in `message`. Throws ValueError for what add_parts cannot have written.
Incoming take_parts(Bytes& message, std::vector<os::Handle> handles) {
  if (handles.empty()) {
    return Incoming();
  }
  std::uint32_t size = 0;
  if (message.size() < sizeof size) {
    throw ValueError("the message does not say what its descriptors are");
  }
  std::memcpy(&size, message.last<sizeof size>().data(), sizeof size);
  message = message.first(message.size() - sizeof size);
  if (size > message.size()) {
    throw ValueError("the message does not say what its descriptors are");
  }
  InputArchive about(message.last(size));
  message = message.first(message.size() - size);
  std::vector<SharedRef> refs;
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const auto meta = about.get<std::uint64_t>();
    const auto length = about.get<std::uint32_t>();
    const Bytes bytes(about.take(length), length);
    refs.push_back(make_parcel(i, length == 0 ? SharedRef() : make_shared_bytes(bytes), meta));
  }
  about.expect_end();
  return Incoming(std::move(refs), std::move(handles));
}

class StreamTransport final : public Transport {
 public:
  using Transport::Transport;
  ~StreamTransport() override { close(); }

  void send(const void* value, void (*save)(OutputArchive&, const void*)) override {
    ScratchBuffer buffer;
    Outgoing beside(passes_descriptors() ? Outgoing::Abroad::descriptors : Outgoing::Abroad::bytes);
    OutputArchive archive(*buffer);
    save(archive, value);
    const auto handles = add_parts(archive, beside);
    const std::scoped_lock lock(sending_);
    send_frame(handle(), buffer->bytes(), handles);
  }
  void send(Bytes message) override {
    const std::scoped_lock lock(sending_);
    send_frame(handle(), message);
  }

  void receive(void* context, void (*read)(void*, Bytes)) override {
    os::StreamPiece beside;
    const std::vector<std::byte> message = receive_with(passes_descriptors() ? &beside : nullptr);
    if (beside.lost_some) {
      throw std::system_error(std::make_error_code(std::errc::too_many_files_open),
                              "the descriptors of a message were lost");
    }
    Bytes bytes = message;
    const Incoming parts = take_parts(bytes, std::move(beside.handles));
    read(context, bytes);
  }
  std::vector<std::byte> receive_bytes(std::size_t most, os::Deadline deadline) override {
    const std::scoped_lock lock(receiving_);
    FrameReader frame(handle(), nullptr, deadline);
    if (frame.remaining() > most) {
      const std::uint64_t size = frame.remaining();
      if (size > most_skipped) {
        close();
        throw_too_long(size, most);
      }
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
  std::vector<std::byte> receive_with(os::StreamPiece* beside) {
    const std::scoped_lock lock(receiving_);
    return FrameReader(handle(), beside).read_rest();
  }

  /// Whether the other end is a process of this machine; asked once.
  bool passes_descriptors() noexcept {
    if (kind_ == Kind::unknown) {
      kind_ = os::is_local_stream(handle()) ? Kind::local : Kind::other;
    }
    return kind_ == Kind::local;
  }

  enum class Kind { unknown, local, other };
  std::atomic<Kind> kind_{Kind::unknown};
  ThreadLock sending_;
  ThreadLock receiving_;
};

}  // namespace

Transport* stream_transport(os::Handle handle, Transport::Directions directions) {
  return new StreamTransport(std::move(handle), directions);
}

}  // namespace multiprocess::detail
