// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>

#include <memory>

namespace multiprocess::detail {

class PoolEngine;

/// The message with a callable, for one or more orders.
class SharedCode {
 public:
  /// Takes over a message that is private to this process.
  SharedCode(std::shared_ptr<PoolEngine> engine, Offset message) noexcept;
  ~SharedCode();
  SharedCode(const SharedCode&) = delete;
  SharedCode& operator=(const SharedCode&) = delete;

  Offset message() const noexcept { return message_; }

 private:
  std::shared_ptr<PoolEngine> engine_;
  Offset message_;
};

}  // namespace multiprocess::detail
