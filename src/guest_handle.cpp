// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/guest_handle.hpp>

#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/thread_lock.hpp>

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace multiprocess::detail {

struct GuestHandle::Entry {
  os::Handle handle;
  std::size_t place = 0;  // among all

  static void forget_in_forked_child() noexcept;
  void enter();
  void leave() noexcept;
};

namespace {

constinit ThreadLock lock;  // of what follows; no other one is taken under it
constinit Lasting<std::vector<GuestHandle::Entry*>> all;

}  // namespace

void GuestHandle::Entry::forget_in_forked_child() noexcept {
  for (Entry* const each : *all) {
    each->handle.reset();
  }
  all->clear();
  lock.unlock();
}

/// Under the lock.
void GuestHandle::Entry::enter() {
  place = all->size();
  all->push_back(this);
}

/// Under the lock. A forked child has none.
void GuestHandle::Entry::leave() noexcept {
  if (place < all->size() && (*all)[place] == this) {
    (*all)[place] = all->back();
    (*all)[place]->place = place;
    all->pop_back();
  }
}

namespace {

constinit os::AroundFork none_in_forked_children(
    os::AroundFork::Nesting::inner, [] { lock.lock(); }, [] { lock.unlock(); },
    &GuestHandle::Entry::forget_in_forked_child);
[[maybe_unused]] const bool before_main = none_in_forked_children.begin();

}  // namespace

GuestHandle::GuestHandle() noexcept = default;

GuestHandle::GuestHandle(const std::function<os::Handle()>& open)
    : entry_(std::make_unique<Entry>()) {
  const std::scoped_lock guard(lock);
  entry_->enter();
  try {
    entry_->handle = open();
  } catch (...) {
    entry_->leave();
    throw;
  }
}

GuestHandle::~GuestHandle() {
  if (entry_ != nullptr) {
    const std::scoped_lock guard(lock);
    entry_->handle.reset();
    entry_->leave();
  }
}

GuestHandle::GuestHandle(GuestHandle&& other) noexcept = default;

GuestHandle& GuestHandle::operator=(GuestHandle&& other) noexcept {
  std::swap(entry_, other.entry_);
  return *this;
}

os::NativeHandle GuestHandle::get() const noexcept {
  return entry_ == nullptr ? os::no_handle : entry_->handle.get();
}

os::Handle GuestHandle::release() noexcept {
  const std::scoped_lock guard(lock);
  entry_->leave();
  return std::move(entry_->handle);
}

}  // namespace multiprocess::detail
