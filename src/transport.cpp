// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/transport.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/doorbell.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/pipe.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>

namespace multiprocess::detail {

namespace {

[[noreturn]] void throw_too_long(std::size_t size, std::size_t most) {
  throw std::system_error(std::make_error_code(std::errc::message_size),
                          "bad message length: a message of " + std::to_string(size) +
                              " bytes, where at most " + std::to_string(most) +
                              " were asked for, was dropped");
}

/// The descriptor's way to be readable for messages that came before anybody watched.
class View {
 public:
  /// The number that the user gets, the same each time.
  os::NativeHandle show(os::NativeHandle end, bool lit) {
    const std::scoped_lock lock(mutex_);
    if (shown_ == os::no_handle) {
      if (lit) {
        view_ = os::view_doorbell(end);
      }
      shown_ = lit ? view_.handle.get() : end;
    }
    return shown_;
  }
  void put_out() noexcept {
    if (view_.lamp) [[unlikely]] {
      os::put_out(view_);
    }
  }

 private:
  std::mutex mutex_;
  os::DoorbellView view_;
  os::NativeHandle shown_ = os::no_handle;
};

/// What comes out of a pipe, on its way into memory of the caller's.
class Collector {
 public:
  explicit Collector(std::size_t most) : most_(most) {}
  Collector(std::span<std::byte> into) : into_(into), most_(SIZE_MAX) {}

  void begin(std::size_t whole) {
    size_ = whole;
    filled_ = 0;
    bytes_.clear();
    if (!goes_into() && whole <= most_) {
      bytes_.reserve(whole);
      if (whole >= os::worth_huge_pages) {
        os::prefer_huge_pages(bytes_.data(), whole);
      }
    }
  }
  void add(Bytes piece) {
    if (goes_into()) {
      std::copy(piece.begin(), piece.end(), into_.data() + filled_);
      filled_ += piece.size();
    } else if (size_ <= most_) {
      bytes_.insert(bytes_.end(), piece.begin(), piece.end());
    }
  }

  std::size_t size() const noexcept { return size_; }
  bool goes_into() const noexcept { return into_.data() != nullptr && size_ <= into_.size(); }
  std::vector<std::byte>& bytes() noexcept { return bytes_; }

 private:
  std::span<std::byte> into_;
  std::size_t most_;
  std::size_t size_ = 0;
  std::size_t filled_ = 0;
  std::vector<std::byte> bytes_;
};

class PipeTransport final : public Transport {
 public:
  PipeTransport(os::Handle handle, Directions directions, SharedRef pipe, unsigned side)
      : Transport(std::move(handle), directions), pipe_(std::move(pipe)), side_(side) {}
  ~PipeTransport() override { close(); }

  void send(const void* value, void (*save)(OutputArchive&, const void*)) override {
    ScratchBuffer buffer;
    Outgoing beside(false);
    OutputArchive archive(*buffer);
    save(archive, value);
    put(buffer->bytes(), beside.refs());
  }
  void send(Bytes message) override { put(message, {}); }

  void receive(void* context, void (*read)(void*, Bytes)) override {
    BlockItem item;
    get(item, nullptr);
    if (!item.is_block()) {
      const Incoming nothing;
      read(context, {item.inside, std::min(item.size(), BlockItem::most_inside)});
      return;
    }
    const Message message(item.block());
    const Incoming beside(message.references());
    read(context, message.bytes());
  }

  std::vector<std::byte> receive_bytes(std::size_t most) override {
    Collector collector(most);
    collect(collector);
    if (collector.size() > most) {
      throw_too_long(collector.size(), most);
    }
    return std::move(collector.bytes());
  }
  std::size_t receive_into(std::span<std::byte> buffer) override {
    Collector collector(buffer);
    collect(collector);
    if (!collector.goes_into()) {
      throw BufferTooShort(std::move(collector.bytes()));
    }
    return collector.size();
  }

  bool wait_ready(os::Deadline deadline) override {
    const bool ready = end().wait_ready(deadline);
    if (!ready) {
      view_.put_out();
    }
    return ready;
  }
  bool has_message() const noexcept override { return end().has_items(); }
  bool is_pipe() const noexcept override { return true; }
  void begin_watch() override { end().begin_watch(); }
  void end_watch() noexcept override { end().end_watch(); }
  os::NativeHandle show() override {
    if (!watched_for_good_.exchange(true)) {
      end().begin_watch();
    }
    return view_.show(handle(), end().has_items());
  }

  std::uint32_t pack(Outgoing& message) const override {
    return message.add_descriptor(os::duplicate(handle()), pipe_, meta());
  }
  bool is_same_end(const Transport& other) const noexcept override {
    const auto* const pipe = dynamic_cast<const PipeTransport*>(&other);
    return pipe != nullptr && pipe->pipe_ == pipe_ && pipe->side_ == side_;
  }

 protected:
  void closed() noexcept override { end().note_closing(); }

 private:
  PipeEnd end() const noexcept { return {pipe_, side_, handle(), seen_}; }

  std::uint64_t meta() const noexcept {
    return side_ << 2 | (directions().readable ? 2U : 0U) | (directions().writable ? 1U : 0U);
  }

  void put(Bytes bytes, std::span<const SharedRef> beside) {
    // Should an end have gone unnoticed, this many messages later it is not.
    constexpr std::uint32_t unasked = 256;
    if (sent_.fetch_add(1, std::memory_order_relaxed) % unasked == unasked - 1) {
      seen_.store(UINT64_MAX, std::memory_order_relaxed);
    }
    if (is_over_.load(std::memory_order_relaxed) || end().put(bytes, beside) != Outcome::done) {
      throw std::system_error(std::make_error_code(std::errc::broken_pipe),
                              "the connection is closed at the other end");
    }
  }

  void get(BlockItem& item, CopyAlong* along) {
    if (end().get(item, along) != Outcome::done) {
      is_over_.store(true, std::memory_order_relaxed);
      throw EOFError("the connection is closed at the other end");
    }
    view_.put_out();
  }

  void collect(Collector& collector) {
    CopyAlong along{[](void* context, Bytes piece, std::size_t whole) {
                      auto& into = *static_cast<Collector*>(context);
                      if (piece.empty()) {
                        into.begin(whole);
                      } else {
                        into.add(piece);
                      }
                    },
                    &collector};
    BlockItem item;
    get(item, &along);
    if (!item.is_block()) {
      collector.begin(std::min(item.size(), BlockItem::most_inside));
      collector.add({item.inside, collector.size()});
      return;
    }
    const Message message(item.block());
    if (!along.used) {
      collector.begin(message.bytes().size());
      collector.add(message.bytes());
    }
  }

  const SharedRef pipe_;
  const unsigned side_;
  mutable std::atomic<std::uint64_t> seen_{0};
  std::atomic<std::uint32_t> sent_{0};
  std::atomic<bool> is_over_{false};
  std::atomic<bool> watched_for_good_{false};
  View view_;
};

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
    const std::uint64_t meta =
        (directions().readable ? 2U : 0U) | (directions().writable ? 1U : 0U);
    return message.add_descriptor(os::duplicate(handle()), {}, meta);
  }

 private:
  std::mutex sending_;
  std::mutex receiving_;
};

}  // namespace

void Transport::close() noexcept {
  os::Handle native(handle_.exchange(os::no_handle));
  if (native) {
    native.reset();
    closed();
  }
}

Transport* stream_transport(os::Handle handle, Transport::Directions directions) {
  return new StreamTransport(std::move(handle), directions);
}

std::pair<Transport*, Transport*> make_pipe_transports(bool duplex) {
  const SharedRef pipe = PipeEnd::create();
  auto [first, second] = os::make_doorbell();
  auto reader = std::make_unique<PipeTransport>(std::move(first),
                                                Transport::Directions{true, duplex}, pipe, 0U);
  auto writer = std::make_unique<PipeTransport>(std::move(second),
                                                Transport::Directions{duplex, true}, pipe, 1U);
  return {reader.release(), writer.release()};
}

Transport* Transport::unpack(Incoming& message, std::uint32_t index) {
  ReceivedDescriptor received = message.descriptor(index);
  const Directions directions{(received.meta & 2) != 0, (received.meta & 1) != 0};
  if (!received.companion) {
    return stream_transport(std::move(received.handle), directions);
  }
  require_type(received.companion, ObjectType::pipe);
  return new PipeTransport(std::move(received.handle), directions, std::move(received.companion),
                           static_cast<unsigned>(received.meta >> 2) & 1U);
}

}  // namespace multiprocess::detail
