// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hall.hpp>

#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/logging.hpp>

#include <array>
#include <cstring>
#include <exception>
#include <span>
#include <type_traits>

namespace multiprocess::detail {

static_assert(std::is_trivially_copyable_v<Hall::Guest>);

namespace {

constinit std::atomic<std::uint32_t> forks{0};

void count_fork() noexcept {
  forks.fetch_add(1, std::memory_order_relaxed);
}

constinit os::AroundFork counted(os::AroundFork::Nesting::inner, nullptr, &count_fork, &count_fork);
[[maybe_unused]] const bool before_main = counted.begin();

SharedRef deposited(const os::Handle& handle, const SharedRef& companion) {
  const std::uint64_t number = next_deposit();
  SharedRef parcel = make_parcel(number, companion, 0);
  deposit(handle.get(), number, parcel.offset());
  return parcel;
}

SharedRef companion_of(const Parcel& parcel) {
  const Offset companion = parcel.companion.load(std::memory_order_acquire);
  return companion == 0 ? SharedRef() : take_reference(companion);
}

}  // namespace

std::shared_ptr<Hall> Hall::make() {
  auto ends = os::make_common_channel();
  return ends ? std::make_shared<Hall>(std::move(ends->first), std::move(ends->second)) : nullptr;
}

Hall::Hall(os::Handle entrance, os::Handle exit) noexcept
    : entrance_(std::move(entrance)),
      exit_(std::move(exit)),
      forks_(forks.load(std::memory_order_relaxed)) {}

bool Hall::is_common() const noexcept {
  return is_sent_.load(std::memory_order_relaxed) ||
         forks_ != forks.load(std::memory_order_relaxed);
}

bool Hall::leave(os::NativeHandle stream, const Guest& guest) const noexcept {
  return os::send_message_now(entrance_.get(), std::as_bytes(std::span(&guest, 1)),
                              std::array{stream});
}

std::optional<std::pair<GuestHandle, Hall::Guest>> Hall::take() const {
  std::optional<os::HandleMessage> message;
  GuestHandle stream([&] {
    os::duplicate(exit_.get()).reset();  // taken without room for its stream, it would be lost
    message = os::receive_message_now(exit_.get());
    return message && !message->handles.empty() ? std::move(message->handles.front())
                                                : os::Handle();
  });
  if (!stream || message->bytes.size() != sizeof(Guest)) {
    return std::nullopt;
  }
  Guest guest;
  std::memcpy(&guest, message->bytes.data(), sizeof guest);
  return std::pair(std::move(stream), guest);
}

SharedRef Hall::pack(const SharedRef& companion) const {
  return deposited(entrance_, deposited(exit_, companion));
}

std::pair<std::shared_ptr<Hall>, SharedRef> Hall::unpack(const SharedRef& packed) {
  const Parcel* const outer = as_parcel(packed);
  if (outer == nullptr) {
    return {nullptr, packed};
  }
  const SharedRef next = companion_of(*outer);
  const Parcel& inner = *as_parcel(next);
  std::shared_ptr<Hall> hall;
  try {
    hall = std::make_shared<Hall>(withdraw(outer->place), withdraw(inner.place));
    hall->share();
  } catch (const std::exception& error) {  // then each process ends the handshakes that it begins
    log(SUBDEBUG, error.what());
  }
  return {std::move(hall), companion_of(inner)};
}

}  // namespace multiprocess::detail
