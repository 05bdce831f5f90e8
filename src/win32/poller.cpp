// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poller.hpp>

#include "kinds.hpp"
#include "readiness.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

namespace multiprocess::detail::os {

namespace {

using Interest = Poller::Interest;

struct Member {
  NativeHandle handle;
  std::uint64_t tag;
  Interest interest;
};

/// The system has no set that all kinds of handles can be in: each wait watches every member.
class PollerSet final : public Special, public std::enable_shared_from_this<PollerSet> {
 public:
  void add(const Member& member);
  void change(const Member& member);
  /// Afterwards nobody waits for it any more.
  void remove(NativeHandle handle) noexcept;

  bool watch_parts(NativeHandle, Readiness& readiness, std::size_t key) override {
    watch(readiness, [key](std::size_t) { return key; });
    return true;
  }

  std::span<Poller::Event> wait(std::span<Poller::Event> into, Deadline deadline);

 private:
  class Stay;
  using Members = std::vector<Member>;

  Members::iterator find(NativeHandle handle) {
    return std::find_if(members_.begin(), members_.end(),
                        [handle](const Member& each) { return each.handle == handle; });
  }
  Members::iterator require(NativeHandle handle);
  Members watch(Readiness& readiness, auto key_of);
  void changed();
  std::span<Poller::Event> tell(const Members& watched, std::span<const Readiness::Found> found,
                                std::span<Poller::Event> into);

  std::mutex mutex_;
  Members members_;
  std::size_t next_ = 0;  // where those begin that are told of first
  std::uint64_t version_ = 0;
  std::multiset<std::uint64_t> stays_;  // the versions that are waited with now
  std::condition_variable left_;
  std::shared_ptr<const Handle> change_;  // set with the next change
};

/// That somebody waits with a version.
class PollerSet::Stay {
 public:
  Stay(std::shared_ptr<PollerSet> set, std::multiset<std::uint64_t>::iterator place)
      : set_(std::move(set)), place_(place), change_(set_->change_) {}
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() {
    const std::scoped_lock lock(set_->mutex_);
    set_->stays_.erase(place_);
    set_->left_.notify_all();
  }

 private:
  std::shared_ptr<PollerSet> set_;
  std::multiset<std::uint64_t>::iterator place_;
  std::shared_ptr<const Handle> change_;
};

void PollerSet::add(const Member& member) {
  require_open(member.handle);
  const std::scoped_lock lock(mutex_);
  if (find(member.handle) != members_.end()) {
    throw last_error("handle " + std::to_string(member.handle) + " in a set",
                     std::errc::file_exists);
  }
  members_.push_back(member);
  changed();
}

PollerSet::Members::iterator PollerSet::require(NativeHandle handle) {
  const auto found = find(handle);
  if (found == members_.end()) {
    throw last_error("handle " + std::to_string(handle) + " in a set",
                     std::errc::no_such_file_or_directory);
  }
  return found;
}

void PollerSet::change(const Member& member) {
  const std::scoped_lock lock(mutex_);
  *require(member.handle) = member;
  changed();
}

void PollerSet::remove(NativeHandle handle) noexcept {
  std::unique_lock lock(mutex_);
  const auto found = find(handle);
  if (found == members_.end()) {
    return;
  }
  members_.erase(found);
  changed();
  left_.wait(lock, [this, mine = version_] { return stays_.empty() || *stays_.begin() >= mine; });
}

/// Those who wait begin again, with the members that there are now.
void PollerSet::changed() {
  ++version_;
  if (change_ != nullptr) {
    SetEvent(native(change_->get()));
    change_.reset();
  }
}

PollerSet::Members PollerSet::watch(Readiness& readiness, auto key_of) {
  std::shared_ptr<Stay> stay;  // should anything fail, it ends after the lock does
  const std::scoped_lock lock(mutex_);
  if (change_ == nullptr) {
    change_ = std::make_shared<const Handle>(make_event());
  }
  stay = std::make_shared<Stay>(shared_from_this(), stays_.insert(version_));
  readiness.end_with(native(change_->get()));
  readiness.keep(stay);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    readiness.watch(members_[i].handle, members_[i].interest, key_of(i));
  }
  return members_;
}

std::span<Poller::Event> PollerSet::wait(std::span<Poller::Event> into, Deadline deadline) {
  while (true) {
    Readiness readiness;
    const Members watched = watch(readiness, [](std::size_t index) { return index; });
    const auto told = tell(watched, readiness.wait(deadline), into);
    if (!told.empty() || (deadline != never && deadline <= std::chrono::steady_clock::now())) {
      return told;
    }
  }
}

std::span<Poller::Event> PollerSet::tell(const Members& watched,
                                         std::span<const Readiness::Found> found,
                                         std::span<Poller::Event> into) {
  std::vector<Poller::Event> events(watched.size());
  for (const Readiness::Found& each : found) {
    events[each.key].readable |= each.readable;
    events[each.key].writable |= each.writable;
  }
  const std::scoped_lock lock(mutex_);
  std::size_t count = 0;
  const std::size_t first = watched.empty() ? 0 : next_ % watched.size();
  for (std::size_t i = 0; i < watched.size() && count < into.size(); ++i) {
    const std::size_t index = (first + i) % watched.size();
    const Poller::Event& event = events[index];
    if (!event.readable && !event.writable) {
      continue;
    }
    if (const auto member = find(watched[index].handle); member != members_.end()) {
      into[count++] = {member->tag, event.readable, event.writable};
      next_ = index + 1;
    }
  }
  return into.first(count);
}

std::shared_ptr<PollerSet> set_at(NativeHandle handle) {
  auto set = special_as<PollerSet>(handle);
  if (set == nullptr) {
    throw last_error("the set " + std::to_string(handle), std::errc::bad_file_descriptor);
  }
  return set;
}

}  // namespace

Poller::Poller() : set_(make_event()) {
  remember(set_.get(), std::make_shared<PollerSet>());
}

void Poller::add(NativeHandle handle, std::uint64_t tag, Interest interest) {
  set_at(set_.get())->add({handle, tag, interest});
}

void Poller::change(NativeHandle handle, std::uint64_t tag, Interest interest) {
  set_at(set_.get())->change({handle, tag, interest});
}

void Poller::remove(NativeHandle handle) noexcept {
  if (const auto set = special_as<PollerSet>(set_.get())) {
    set->remove(handle);
  }
}

std::span<Poller::Event> Poller::wait(std::span<Event> into, Deadline deadline) const {
  return set_at(set_.get())->wait(into, deadline);
}

}  // namespace multiprocess::detail::os
