// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/fd.hpp>

#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <atomic>
#include <new>
#include <system_error>
#include <utility>

namespace multiprocess {

using detail::os::Handle;
using detail::os::NativeHandle;
using detail::os::no_handle;

/// Atomic, since a thread may close what another one is about to use.
struct Fd::Shared {
  std::atomic<std::uint32_t> uses{1};
  std::atomic<NativeHandle> native;
};

namespace {

std::uint32_t send_part(const void* part) {
  const Fd& fd = *static_cast<const Fd*>(part);
  detail::Outgoing* const message = detail::Outgoing::current();
  if (message == nullptr) {
    throw RuntimeError(
        "Fd objects should only be shared between processes through inheritance: as an argument or "
        "a "
        "capture of a Process target, or as an item of a Queue");
  }
  if (fd.closed()) {
    throw NotSendable("a closed Fd cannot be sent");
  }
  return message->add_descriptor(detail::os::duplicate(fd.fileno()));
}

void receive_part(void* where, std::uint32_t index) {
  detail::Incoming* const message = detail::Incoming::current();
  if (message == nullptr) {
    throw RuntimeError("an Fd can be received only with the message that carries it");
  }
  ::new (where) Fd(message->descriptor(index).handle);
}

void destroy_part(void* part) noexcept {
  static_cast<Fd*>(part)->~Fd();
}

}  // namespace

constinit const detail::PartOps Fd::part_ops{sizeof(Fd), &send_part, &receive_part, &destroy_part};

Fd::Fd(int owned) : Fd(owned < 0 ? throw ValueError("negative file descriptor") : Handle(owned)) {}

Fd::Fd(Handle owned) {
  if (owned) {
    shared_ = new Shared{1, owned.get()};
    owned.release();
  }
}

Fd::Fd(const Fd& other) noexcept : shared_(other.shared_) {
  if (shared_ != nullptr) {
    shared_->uses.fetch_add(1, std::memory_order_relaxed);
  }
  detail::CopyRecorder::note(this, part_ops);
}

Fd& Fd::operator=(const Fd& other) noexcept {
  Shared* const taken = other.shared_;  // not by copy and swap: a recorder would note the copy
  if (taken != nullptr) {
    taken->uses.fetch_add(1, std::memory_order_relaxed);
  }
  drop();
  shared_ = taken;
  return *this;
}

Fd::~Fd() {
  drop();
}

void Fd::drop() noexcept {
  if (shared_ != nullptr && shared_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    close();
    delete shared_;
  }
}

Fd Fd::duplicate(int descriptor) {
  return Fd(detail::os::duplicate(descriptor));
}

int Fd::fileno() const {
  const NativeHandle native = shared_ == nullptr ? no_handle : shared_->native.load();
  if (native == no_handle) {
    throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor),
                            "the Fd is closed");
  }
  return static_cast<int>(native);
}

bool Fd::closed() const noexcept {
  return shared_ == nullptr || shared_->native == no_handle;
}

void Fd::close() const noexcept {
  if (shared_ != nullptr) {
    Handle(shared_->native.exchange(no_handle)).reset();
  }
}

int Fd::release() const {
  const int native = fileno();
  shared_->native = no_handle;
  return native;
}

std::string mp_repr(const Fd& fd) {
  return fd.closed() ? "<Fd closed>" : fmt::format("<Fd {}>", fd.fileno());
}

}  // namespace multiprocess
