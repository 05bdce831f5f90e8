// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/imap_feeds.hpp>

namespace multiprocess::detail {

bool ImapFeeds::remove(const ImapFeed& feed) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto is_it = [&feed](const auto& each) { return each.get() == &feed; };
  return std::erase_if(feeds_, is_it) != 0 && feeds_.empty();
}

std::shared_ptr<ImapFeed> ImapFeeds::any() const noexcept {
  const std::scoped_lock lock(mutex_);
  return feeds_.empty() ? nullptr : feeds_.front();
}

}  // namespace multiprocess::detail
