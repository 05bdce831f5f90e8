// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/semaphore.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace multiprocess {

detail::SharedRef Semaphore::create(std::ptrdiff_t value, bool bounded) {
  if (value < 0 || value > std::ptrdiff_t{detail::Units::limit}) {
    throw ValueError(
        fmt::format("a semaphore has 0 to {} units, not {}", detail::Units::limit, value));
  }
  return detail::Units::create(static_cast<std::uint32_t>(value), bounded);
}

void Semaphore::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::semaphore);
}

bool Semaphore::acquire_slowly(Timeout timeout) const {
  const detail::Units units(ref_);
  // The common case needs no look at the clock.
  return units.try_acquire() || units.acquire(timeout.deadline());
}

void Semaphore::release_slowly() const {
  if (!detail::Units(ref_).release()) {
    throw ValueError("semaphore or lock released too many times");
  }
}

int Semaphore::get_value() const {
  return static_cast<int>(detail::Units(ref_).value());
}

std::string mp_repr(const Semaphore& semaphore) {
  return fmt::format("<Semaphore(value={})>", semaphore.get_value());
}

void BoundedSemaphore::require_kind(const detail::SharedRef& received) {
  Semaphore::require_kind(received);
  if (!detail::Units(received).is_bounded()) {
    throw TypeError("the message holds a semaphore, not a bounded one");
  }
}

std::string mp_repr(const BoundedSemaphore& semaphore) {
  return fmt::format("<BoundedSemaphore(value={}, maxvalue={})>", semaphore.get_value(),
                     detail::Units(semaphore.ref()).most());
}

}  // namespace multiprocess
