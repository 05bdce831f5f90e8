// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// Names of shared memory that goes when this goes, unless somebody has unlinked it before.
class SegmentList {
 public:
  SegmentList() = default;
  ~SegmentList();
  SegmentList(const SegmentList&) = delete;
  SegmentList& operator=(const SegmentList&) = delete;

  void add(std::string name) { names_.push_back(std::move(name)); }
  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;
};

}  // namespace multiprocess::detail
