// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace multiprocess::detail {

/// An imap whose input is not read to its end yet: its pool's workers stay for the rest of it.
class ImapFeed {
 public:
  virtual ~ImapFeed() = default;
  virtual void read_all() noexcept = 0;
};

/// Those of a pool.
class ImapFeeds {
 public:
  /// False when it was too late: `closed()`, which is asked after all that others have asked here.
  template <class Closed>
  bool add_unless(std::shared_ptr<ImapFeed> feed, Closed closed) {
    const std::scoped_lock lock(mutex_);
    if (closed()) {
      return false;
    }
    feeds_.push_back(std::move(feed));
    return true;
  }
  /// Whether it was the last one.
  bool remove(const ImapFeed& feed) noexcept;
  /// Null when there is none.
  std::shared_ptr<ImapFeed> any() const noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<ImapFeed>> feeds_;
};

}  // namespace multiprocess::detail
