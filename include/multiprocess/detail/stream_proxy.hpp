// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/detail/sync_methods.hpp>

#include <optional>
#include <utility>

namespace multiprocess::detail {

/// The results of an imap, in the server.
class StreamProxy : public BaseProxy {
 public:
  explicit StreamProxy(SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// The next one, if there is one.
  template <class R>
  std::optional<R> next(Timeout timeout) const {
    ProxyCall call = this->call(StreamMethod::next);
    put_timeout(call, timeout);
    Answer answer = call.send();
    return answer.get_bool() ? std::optional<R>(answer.template get_value<R>()) : std::nullopt;
  }
};

template <class R>
class StreamSource final : public ResultSource<R> {
 public:
  explicit StreamSource(StreamProxy results) : results_(std::move(results)) {}

  std::optional<R> next(os::Deadline deadline) override {
    return results_.next<R>(timeout_until(deadline));
  }

 private:
  StreamProxy results_;
};

}  // namespace multiprocess::detail
