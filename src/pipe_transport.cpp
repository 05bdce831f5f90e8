// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pipe_transport.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/doorbell.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/pipe.hpp>
#include <multiprocess/detail/sealed_transport.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/detail/stream_transport.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <system_error>

namespace multiprocess::detail {

namespace {

/// The descriptor's way to be readable for messages that came before anybody watched.
class View {
 public:
  /// The number that the user gets, the same each time. `lit`: such messages wait.
  os::NativeHandle show(os::NativeHandle end, bool lit) {
    const std::scoped_lock lock(lock_);
    if (shown_ == os::no_handle) {
      if (lit) {
        view_ = os::view_doorbell(end);
        lit_.store(true, std::memory_order_relaxed);
      }
      shown_ = lit ? view_.handle.get() : end;
    }
    return shown_;
  }

  bool is_lit() const noexcept { return lit_.load(std::memory_order_relaxed); }

  void put_out() noexcept {
    const std::scoped_lock lock(lock_);
    if (lit_.exchange(false, std::memory_order_relaxed)) {
      os::put_out(view_);
    }
  }

  void close() noexcept {
    const std::scoped_lock lock(lock_);
    lit_.store(false, std::memory_order_relaxed);
    view_ = {};
  }

 private:
  ThreadLock lock_;
  std::atomic<bool> lit_{false};
  os::DoorbellView view_;
  os::NativeHandle shown_ = os::no_handle;
};

/// What comes out of a pipe, on its way into memory of the caller's.
class Collector {
 public:
  explicit Collector(std::size_t most) : most_(most) {}
  explicit Collector(std::span<std::byte> into) : has_buffer_(true), into_(into) {}

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
  bool goes_into() const noexcept { return has_buffer_ && size_ <= into_.size(); }
  std::vector<std::byte>& bytes() noexcept { return bytes_; }

 private:
  bool has_buffer_ = false;
  std::span<std::byte> into_;
  std::size_t most_ = SIZE_MAX;
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

  std::vector<std::byte> receive_bytes(std::size_t most, os::Deadline deadline) override {
    if (deadline != os::never && !wait_ready(deadline)) {
      throw TimeoutError();
    }
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
    settle_view();
    return ready;
  }
  bool has_message() const noexcept override { return end().has_items(); }
  bool is_pipe() const noexcept override { return true; }
  void begin_watch() override { end().begin_watch(); }
  void end_watch() noexcept override { end().end_watch(); }
  os::NativeHandle show() override {
    // For this process: what its parent by fork watches, that one may cease to.
    const std::uint64_t me = self().owner;
    if (watched_by_.exchange(me, std::memory_order_relaxed) != me) {
      end().begin_watch();
    }
    return view_.show(handle(), end().has_items());
  }

  std::uint32_t pack(Outgoing& message) const override {
    return message.add_descriptor(os::duplicate(handle()), pipe_, side_ << 2 | directions().bits());
  }
  bool is_same_end(const Transport& other) const noexcept override {
    const auto* const pipe = dynamic_cast<const PipeTransport*>(&other);
    return pipe != nullptr && pipe->pipe_ == pipe_ && pipe->side_ == side_;
  }

 protected:
  void closed() noexcept override {
    view_.close();
    if (has_left()) {
      return;  // the pipe may be gone; our end will be noticed in any case
    }
    const Self* const me = self_if_entered();
    if (me != nullptr && watched_by_.exchange(0, std::memory_order_relaxed) == me->owner) {
      end().end_watch();
    }
    end().note_closing();
  }

 private:
  PipeEnd end() const noexcept { return {pipe_, side_, handle(), seen_}; }

  void put(Bytes bytes, std::span<const SharedRef> beside) {
    // Should an end have gone unnoticed, so much later it is not.
    constexpr std::uint64_t unasked = 50;
    const std::uint64_t now = os::rough_milliseconds();
    if (now - asked_.load(std::memory_order_relaxed) >= unasked) {
      asked_.store(now, std::memory_order_relaxed);
      end().ask_again();
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
    settle_view();
  }

  void settle_view() noexcept {
    if (view_.is_lit() && !end().has_items()) [[unlikely]] {
      view_.put_out();
    }
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
  std::atomic<std::uint64_t> asked_{0};  // when put() has last seen to it that the system is asked
  std::atomic<bool> is_over_{false};
  std::atomic<std::uint64_t> watched_by_{0};  // since show(): Self::owner
  View view_;
};

}  // namespace

std::pair<Transport*, Transport*> make_pipe_transports(bool duplex) {
  const SharedRef pipe = PipeEnd::create();
  auto [first, second] = os::make_doorbell();
  auto reader = std::make_unique<PipeTransport>(std::move(first),
                                                Transport::Directions{true, duplex}, pipe, 0U);
  auto writer = std::make_unique<PipeTransport>(std::move(second),
                                                Transport::Directions{duplex, true}, pipe, 1U);
  return {reader.release(), writer.release()};
}

Transport* receive_transport(const Incoming& message, std::uint32_t index) {
  ReceivedDescriptor received = message.descriptor(index);
  const auto directions = Transport::Directions::from(received.meta);
  if (!received.companion) {
    return stream_transport(std::move(received.handle), directions);
  }
  if (is_shared_bytes(received.companion)) {
    return received_sealed_transport(std::move(received.handle), received.companion);
  }
  require_type(received.companion, ObjectType::pipe);
  return new PipeTransport(std::move(received.handle), directions, std::move(received.companion),
                           static_cast<unsigned>(received.meta >> 2) & 1U);
}

}  // namespace multiprocess::detail
