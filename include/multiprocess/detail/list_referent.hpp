// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/list_operations.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/referent.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A list in a server; see ListMethod.
class ListReferent final : public Referent {
 public:
  explicit ListReferent(std::vector<Blob> items) : items_(std::move(items)) {}

  void serve(ServedCall& call) override;

 private:
  struct Methods;
  /// The items of a slice, in its order.
  struct Slice {
    std::int64_t start;
    std::int64_t step;
    std::int64_t count;

    std::size_t at(std::int64_t i) const noexcept {
      return static_cast<std::size_t>(start + i * step);
    }
  };

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(items_.size()); }
  Blob& item(CallReader& from, const char* text);
  Slice read_slice(CallReader& from) const;
  std::int64_t find(const Blob& value, std::int64_t start, std::int64_t stop) const noexcept;
  void erase(const Slice& slice);
  void assign(const Slice& slice, std::vector<Blob> values);

  std::vector<Blob> items_;
};

}  // namespace multiprocess::detail
