// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/detail/pipe_transport.hpp>
#include <multiprocess/detail/stream_transport.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <new>
#include <system_error>

namespace multiprocess {

using detail::Transport;

namespace {

constexpr std::uint32_t never_open = UINT32_MAX;  // in place of an index

[[noreturn]] void throw_unusable(const char* why) {
  throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor), why);
}

/// Another thread may close the connection meanwhile.
template <class Use>
auto use(Transport& transport, Use use) {
  try {
    return use(transport);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::bad_file_descriptor &&
        transport.handle() == detail::os::no_handle) {
      throw_unusable("handle is closed");
    }
    throw;
  }
}

std::uint32_t send_end(const void* part) {
  const Connection& connection = *static_cast<const Connection*>(part);
  detail::Outgoing* const message = detail::Outgoing::current();
  if (message == nullptr) {
    throw RuntimeError(
        "Connection objects should only be shared between processes through inheritance: as an "
        "argument or a capture of a Process target, or as an item of a Queue or Pipe");
  }
  return connection.pack(*message);
}

void receive_end(void* where, std::uint32_t index) {
  detail::Incoming* const message = detail::Incoming::current();
  if (message == nullptr) {
    throw RuntimeError("a Connection can be received only with the message that carries it");
  }
  ::new (where)
      Connection(index == never_open ? nullptr : detail::receive_transport(*message, index));
}

void destroy_end(void* part) noexcept {
  static_cast<Connection*>(part)->~Connection();
}

}  // namespace

constinit const detail::PartOps Connection::part_ops{sizeof(Connection), &send_end, &receive_end,
                                                     &destroy_end};

Connection::Connection(int handle, bool readable, bool writable) {
  if (handle < 0) {
    throw ValueError("invalid handle");
  }
  if (!readable && !writable) {
    throw ValueError("at least one of `readable` and `writable` must be true");
  }
  transport_ = detail::stream_transport(detail::os::Handle(handle), {readable, writable});
}

Connection::Connection(const Connection& other) noexcept : transport_(other.transport_) {
  if (transport_ != nullptr) {
    transport_->uses.fetch_add(1, std::memory_order_relaxed);
  }
  detail::CopyRecorder::note(this, part_ops);
}

Connection& Connection::operator=(const Connection& other) noexcept {
  Transport* const taken = other.transport_;  // not by copy and swap: a recorder would note it
  if (taken != nullptr) {
    taken->uses.fetch_add(1, std::memory_order_relaxed);
  }
  drop();
  transport_ = taken;
  return *this;
}

Connection::~Connection() {
  drop();
}

void Connection::drop() noexcept {
  if (transport_ != nullptr && transport_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete transport_;
  }
}

bool Connection::closed() const noexcept {
  return transport_ == nullptr || transport_->handle() == detail::os::no_handle;
}

bool Connection::readable() const noexcept {
  return transport_ != nullptr && transport_->directions().readable;
}

bool Connection::writable() const noexcept {
  return transport_ != nullptr && transport_->directions().writable;
}

void Connection::close() const {
  if (transport_ != nullptr) {
    transport_->close();
  }
}

Transport& Connection::open() const {
  if (closed()) {
    throw_unusable("handle is closed");
  }
  return *transport_;
}

Transport& Connection::open_for_reading() const {
  if (!open().directions().readable) {
    throw_unusable("connection is write-only");
  }
  return *transport_;
}

Transport& Connection::open_for_writing() const {
  if (!open().directions().writable) {
    throw_unusable("connection is read-only");
  }
  return *transport_;
}

void Connection::send_value(const void* value,
                            void (*save)(detail::OutputArchive&, const void*)) const {
  use(open_for_writing(), [&](Transport& transport) { transport.send(value, save); });
}

void Connection::recv_value(void* into, void (*read)(detail::InputArchive&, void*)) const {
  struct Reading {
    void* into;
    void (*read)(detail::InputArchive&, void*);
  } reading{into, read};
  constexpr auto read_one = [](void* context, detail::Bytes message) {
    const auto& each = *static_cast<const Reading*>(context);
    detail::InputArchive archive(message);
    each.read(archive, each.into);
    archive.expect_end();
  };
  use(open_for_reading(), [&](Transport& transport) { transport.receive(&reading, read_one); });
}

void Connection::send_part(detail::Bytes all, std::ptrdiff_t offset,
                           std::optional<std::ptrdiff_t> size) const {
  Transport& transport = open_for_writing();
  const auto whole = static_cast<std::ptrdiff_t>(all.size());
  if (offset < 0) {
    throw ValueError("offset is negative");
  }
  if (offset > whole) {
    throw ValueError("buffer length < offset");
  }
  if (size && *size < 0) {
    throw ValueError("size is negative");
  }
  if (size && *size > whole - offset) {
    throw ValueError("buffer length < offset + size");
  }
  const detail::Bytes part = all.subspan(static_cast<std::size_t>(offset),
                                         static_cast<std::size_t>(size.value_or(whole - offset)));
  use(transport, [part](Transport& open) { open.send(part); });
}

std::vector<std::byte> Connection::recv_bytes(std::optional<std::ptrdiff_t> maxlength) const {
  Transport& transport = open_for_reading();
  if (maxlength && *maxlength < 0) {
    throw ValueError("negative maxlength");
  }
  const std::size_t most = maxlength ? static_cast<std::size_t>(*maxlength) : SIZE_MAX;
  return use(transport, [most](Transport& open) { return open.receive_bytes(most); });
}

std::vector<std::byte> detail::receive_bytes(const Connection& from, std::size_t most,
                                             os::Deadline deadline) {
  return use(from.open_for_reading(),
             [most, deadline](Transport& open) { return open.receive_bytes(most, deadline); });
}

std::size_t Connection::recv_into(std::span<std::byte> buffer, std::ptrdiff_t offset) const {
  Transport& transport = open_for_reading();
  if (offset < 0) {
    throw ValueError("negative offset");
  }
  if (static_cast<std::size_t>(offset) > buffer.size()) {
    throw ValueError("offset too large");
  }
  const auto rest = buffer.subspan(static_cast<std::size_t>(offset));
  return use(transport, [rest](Transport& open) { return open.receive_into(rest); });
}

bool Connection::poll(Timeout timeout) const {
  return use(open_for_reading(),
             [timeout](Transport& transport) { return transport.wait_ready(timeout.deadline()); });
}

int Connection::fileno() const {
  return static_cast<int>(open().show());
}

std::uint32_t Connection::pack(detail::Outgoing& message) const {
  return transport_ == nullptr ? never_open : open().pack(message);
}

bool operator==(const Connection& a, const Connection& b) noexcept {
  return a.transport_ == b.transport_ || (a.transport_ != nullptr && b.transport_ != nullptr &&
                                          a.transport_->is_same_end(*b.transport_));
}

std::string mp_repr(const Connection& connection) {
  return fmt::format("<multiprocess.connection.Connection object at {}>",
                     fmt::ptr(connection.transport_));
}

std::pair<Connection, Connection> Pipe(bool duplex) {
  const auto [first, second] = detail::make_pipe_transports(duplex);
  return {Connection(first), Connection(second)};
}

}  // namespace multiprocess
