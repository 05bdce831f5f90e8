// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/listener.hpp>

#include <multiprocess/detail/accept_turns.hpp>
#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/hall.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/shared_bytes.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/socket_files.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

namespace multiprocess::connection {

namespace os = detail::os;
using detail::Acceptor;
using detail::Hall;

namespace {

constexpr int fewest_waiting =
    1024;  // a burst of connections: nobody is to try again a second later

std::vector<std::string> places(const Address& address, const Options& options) {
  std::vector<std::string> all;
  if (options.strict && options.public_address) {
    all.push_back(detail::place_of(options.public_address->where()));
  }
  if (options.strict && !address.is_tcp()) {
    all.push_back(detail::place_of(address.where()));
  }
  return all;
}

Acceptor::Rules rules_of(const Address& address, const Options& options) {
  Acceptor::Rules rules{options.authkey, options.strict, options.legacy_md5};
  if (options.handshake_timeout) {
    rules.patience = options.handshake_timeout->duration();
  }
  rules.places = places(address, options);
  return rules;
}

}  // namespace

struct Listener::Shared {
  Shared(os::Handle listening, Address where, Acceptor::Rules by, std::shared_ptr<Hall> others)
      : socket(std::make_shared<const os::Handle>(std::move(listening))),
        hall(std::move(others)),
        address(std::move(where)),
        rules(std::move(by)) {}

  std::shared_ptr<detail::AcceptTurns> engine() {
    const std::scoped_lock guard(lock);
    if (socket == nullptr) {
      detail::AcceptTurns::throw_closed();
    }
    drop_if_not_ours();
    if (current == nullptr) {
      current = std::make_shared<detail::AcceptTurns>(socket, rules, hall);
    }
    return current;
  }

  struct Parts {
    std::shared_ptr<const os::Handle> socket;  // null once it is closed
    std::shared_ptr<Hall> hall;
    std::shared_ptr<detail::AcceptTurns> current;
  };
  /// Whatever another thread closes meanwhile.
  Parts parts() {
    const std::scoped_lock guard(lock);
    drop_if_not_ours();
    return {socket, hall, current};
  }

  void close() noexcept {
    const std::scoped_lock guard(lock);
    drop_if_not_ours();
    if (current != nullptr) {
      current->close();
    }
    current.reset();
    socket.reset();
    hall.reset();
    file.reset();
  }

  /// Under the lock.
  void drop_if_not_ours() noexcept {
    if (current != nullptr && !current->is_ours()) {
      current->abandon();
      current.reset();
    }
  }

  std::atomic<std::uint32_t> uses{1};
  detail::ThreadLock lock;  // guards what follows; never held while waiting
  std::shared_ptr<const os::Handle> socket;
  std::shared_ptr<Hall> hall;  // without a key nobody needs one
  std::shared_ptr<detail::AcceptTurns> current;
  std::optional<detail::SocketFile> file;
  std::optional<Address> last;

  const Address address;
  const Acceptor::Rules rules;
};

Listener::Listener(Address address, Options options) {
  detail::check(options);
  if (address == Address()) {
    address = Address(detail::private_socket_path());
  }
  std::shared_ptr<Hall> hall = options.authkey ? Hall::make() : nullptr;
  os::Handle socket = os::listen_at(address.where(), std::max(options.backlog, fewest_waiting));
  const Address bound(os::local_address(socket.get()));
  detail::require_loopback(bound.where(), options);
  auto made =
      std::make_unique<Shared>(std::move(socket), bound, rules_of(bound, options), std::move(hall));
  made->file.emplace(bound.path());
  shared_ = made.release();
}

Listener::Listener(const Listener& other) noexcept : shared_(other.shared_) {
  if (shared_ != nullptr) {
    shared_->uses.fetch_add(1, std::memory_order_relaxed);
  }
  detail::CopyRecorder::note(this, part_ops);
}

Listener& Listener::operator=(const Listener& other) noexcept {
  Shared* const taken = other.shared_;  // not by copy and swap: a recorder would note the copy
  if (taken != nullptr) {
    taken->uses.fetch_add(1, std::memory_order_relaxed);
  }
  drop();
  shared_ = taken;
  return *this;
}

Listener::~Listener() {
  drop();
}

void Listener::drop() noexcept {
  if (shared_ != nullptr && shared_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    shared_->close();
    delete shared_;
  }
}

Listener::Shared& Listener::open() const {
  if (closed()) {
    detail::AcceptTurns::throw_closed();
  }
  return *shared_;
}

Connection Listener::accept(Timeout timeout) {
  Shared& shared = open();
  detail::Admitted admitted = shared.engine()->accept(timeout.deadline());
  {
    const std::scoped_lock guard(shared.lock);
    shared.last.emplace(std::move(admitted.peer));
  }
  return detail::make_connection(admitted.handle.release(), std::move(admitted.keys));
}

Address Listener::address() const {
  return open().address;
}

std::optional<Address> Listener::last_accepted() const {
  Shared& shared = open();
  const std::scoped_lock guard(shared.lock);
  return shared.last;
}

int Listener::fileno() const {
  return static_cast<int>(open().engine()->handle());
}

bool Listener::closed() const noexcept {
  if (shared_ == nullptr) {
    return true;
  }
  const std::scoped_lock guard(shared_->lock);
  return shared_->socket == nullptr;
}

void Listener::close() {
  if (shared_ != nullptr) {
    shared_->close();
  }
}

std::string mp_repr(const Listener& listener) {
  return fmt::format("<multiprocess.connection.Listener object at {}>", fmt::ptr(listener.shared_));
}

namespace {

/// A buffer for keys, which leaves nothing behind.
class SecretBuffer {
 public:
  explicit SecretBuffer(std::size_t most) {
    buffer_.extend(most);  // from now on it does not move
    buffer_.clear();
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { os::wipe({buffer_.data(), buffer_.size()}); }

  detail::ByteBuffer& operator*() noexcept { return buffer_; }

 private:
  detail::ByteBuffer buffer_;
};

detail::SharedRef pack(const Address& address, const Acceptor::Rules& rules) {
  const detail::Bytes key = rules.key ? rules.key->bytes() : detail::Bytes();
  std::size_t size = 1024 + key.size() + address.path().size();
  for (const std::string& place : rules.places) {
    size += place.size() + 16;
  }
  SecretBuffer buffer(size);
  detail::OutputArchive archive(*buffer);
  archive(address, rules.strict, rules.legacy_md5, rules.patience.count(), rules.places);
  archive.put_size(key.size());
  archive.write(key.data(), key.size());
  return detail::make_shared_bytes((*buffer).bytes());
}

std::pair<Address, Acceptor::Rules> unpack(detail::Bytes bytes) {
  Address address;
  Acceptor::Rules rules;
  detail::InputArchive archive(bytes);
  std::chrono::nanoseconds::rep patience = 0;
  archive(address, rules.strict, rules.legacy_md5, patience, rules.places);
  rules.patience = std::chrono::nanoseconds(patience);
  if (const std::size_t size = archive.get_count(); size != 0) {
    rules.key.emplace(detail::Bytes(archive.take(size), size));
  }
  archive.expect_end();
  return {std::move(address), std::move(rules)};
}

}  // namespace

constinit const detail::PartOps Listener::part_ops{
    sizeof(Listener), &Listener::send_part, &Listener::receive_part,
    [](void* part) noexcept { static_cast<Listener*>(part)->~Listener(); }};

std::uint32_t Listener::send_part(const void* part) {
  const Listener& listener = *static_cast<const Listener*>(part);
  detail::Outgoing* const message = detail::Outgoing::current();
  if (message == nullptr) {
    throw RuntimeError(
        "Listener objects should only be shared between processes through inheritance: as an "
        "argument or a capture of a Process target, or as an item of a Queue or Pipe");
  }
  if (listener.shared_ == nullptr) {
    throw NotSendable("a closed Listener cannot be sent");
  }
  Shared& shared = *listener.shared_;
  const auto [socket, hall, current] = shared.parts();
  if (socket == nullptr) {
    throw NotSendable("a closed Listener cannot be sent");
  }
  if (message->leaves_the_tree() && shared.rules.key) {
    throw NotSendable(
        "a Listener with an authkey cannot be sent to another program: its key stays in the tree");
  }
  detail::SharedRef companion = pack(shared.address, shared.rules);
  if (hall != nullptr) {
    hall->share();
    companion = hall->pack(companion);
    if (current != nullptr) {
      current->hand_on();  // whose handshakes began before there were others
    }
  }
  return message->add_descriptor(os::duplicate(socket->get()), companion);
}

void Listener::receive_part(void* where, std::uint32_t index) {
  detail::Incoming* const message = detail::Incoming::current();
  if (message == nullptr) {
    throw RuntimeError("a Listener can be received only with the message that carries it");
  }
  detail::ReceivedDescriptor received = message->descriptor(index);
  auto [hall, companion] = Hall::unpack(received.companion);
  auto [address, rules] = unpack(detail::shared_bytes_of(companion));
  ::new (where) Listener(new Shared(std::move(received.handle), std::move(address),
                                    std::move(rules), std::move(hall)));
}

}  // namespace multiprocess::connection
