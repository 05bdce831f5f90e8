// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/batch.hpp>

#include <cstdint>
#include <exception>

namespace multiprocess::detail {

/// What a result word says went wrong; null when nothing did.
std::exception_ptr error_in(std::uint64_t word);

/// The error of an item that came first, and when that was.
struct EarliestError {
  std::exception_ptr error;
  std::uint64_t moment = ~std::uint64_t{0};
};
EarliestError earliest_error(const Batch& batch, std::uint64_t items);

/// How many result words of a call of so many items say that something went wrong.
std::uint64_t count_errors(const Batch& batch, std::uint64_t items) noexcept;

/// Frees the results that nobody has read.
void drop_results(const Batch& batch, std::uint64_t items) noexcept;

}  // namespace multiprocess::detail
