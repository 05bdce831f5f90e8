// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/stop_watch.hpp>

#include <multiprocess/detail/os/poll.hpp>

#include <mutex>
#include <optional>
#include <utility>

namespace multiprocess::detail {

struct StopWatch::Shared {
  Place& place;
  std::mutex mutex{};
  std::optional<std::stop_source> source{};  // of the item in hand
  bool ended = false;
};

namespace {

/// False when nobody works here any more.
bool pass_on(StopWatch::Shared& shared) {
  const std::scoped_lock lock(shared.mutex);
  if (shared.source && is_to_stop(shared.place)) {
    shared.source->request_stop();
  }
  return !shared.ended;
}

void listen(void* argument) {
  const std::unique_ptr<std::shared_ptr<StopWatch::Shared>> mine(
      static_cast<std::shared_ptr<StopWatch::Shared>*>(argument));
  StopWatch::Shared& shared = **mine;
  Signal& stop = shared.place.stop;
  std::uint32_t seen = stop.word.load(std::memory_order_seq_cst);
  while (pass_on(shared)) {
    sleep_until(stop, os::never, [&] { return stop.word.load(std::memory_order_seq_cst) != seen; });
    seen = stop.word.load(std::memory_order_seq_cst);
  }
}

}  // namespace

StopWatch::~StopWatch() {
  if (shared_ != nullptr) {
    const std::unique_lock lock(shared_->mutex);
    shared_->ended = true;
    step::add(place_.stop.word, 1);
    place_.stop.wake(1);
  }
}

std::stop_token StopWatch::begin() {
  if (shared_ == nullptr) {
    shared_.reset(new Shared{place_});
    auto theirs = std::make_unique<std::shared_ptr<Shared>>(shared_);
    os::start_quiet_thread(&listen, theirs.get());
    static_cast<void>(theirs.release());
  }
  const std::scoped_lock lock(shared_->mutex);
  shared_->source.emplace();
  if (is_to_stop(place_)) {
    shared_->source->request_stop();
  }
  return shared_->source->get_token();
}

void StopWatch::end() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->source.reset();
}

}  // namespace multiprocess::detail
