// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/sequence.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace multiprocess {

/// A text that the processes of the tree share, without a server.
///
/// A copyable handle: copies, in whatever process, are the same text. Each function is one step
/// under the text's lock, which `std::scoped_lock` takes for several; a process that is killed has
/// made its step or has not, so nobody ever sees half of one.
class SharedString : public detail::Sequence {
 public:
  /// Throws std::bad_alloc when shared memory is short.
  SharedString();
  explicit SharedString(std::string_view text);

  /// The text at one moment.
  std::string str() const;
  std::ptrdiff_t size() const noexcept { return static_cast<std::ptrdiff_t>(count()); }
  bool empty() const noexcept { return count() == 0; }

  /// Another text instead.
  void assign(std::string_view text) const;
  /// More behind its end.
  void append(std::string_view text) const;
  void clear() const { assign({}); }
  const SharedString& operator+=(std::string_view text) const {
    append(text);
    return *this;
  }

  friend bool operator==(const SharedString& a, std::string_view text) { return a.str() == text; }
  friend bool operator==(const SharedString& a, const SharedString& b) noexcept {
    return static_cast<const Sequence&>(a) == b;
  }
  friend std::string mp_repr(const SharedString& text);

  static void require_kind(const detail::SharedRef& received);
};

}  // namespace multiprocess
