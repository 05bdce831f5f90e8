// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/backtrace.hpp>

#include <string>
#include <typeinfo>

namespace multiprocess::detail {

/// Calls `f()`, and keeps where an exception that leaves it was thrown for the text below.
using os::guarded_call;

/// Implemented by exceptions that were made in place of another type's.
class StandIn {
 public:
  /// The type that it stands for.
  virtual const std::type_info& original_type() const noexcept = 0;

 protected:
  ~StandIn() = default;
};

/// The type of the exception in hand, without what std::throw_with_nested wraps around it, as its
/// author wrote it.
std::string current_exception_type();

/// What the exception in hand says: its `what()`; a thrown number or text itself.
std::string current_exception_message();

/// What is printed for the exception in hand, as Python prints it: its causes first, then the calls
/// that led to the throw if it left a `guarded_call`, then the type and the message. Ends with a
/// line feed. For use in a `catch` block.
std::string describe_current_exception();

}  // namespace multiprocess::detail
