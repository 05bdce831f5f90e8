// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/batch.hpp>

#include <cstdint>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace multiprocess::detail {

/// A chunk that was done: by whom, when (nanoseconds), and what it is a part of.
struct TraceBox {
  std::string task;
  std::uint32_t worker;  // from 0
  int pid;               // the worker's; a thread's number
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t call;
  std::uint64_t first_item;
  std::uint64_t end_item;
};

/// A file for the trace viewers of Chrome and Perfetto: a lane for each worker, a box for each
/// chunk. It is valid JSON at every moment.
///
/// See "Trace Event Format", the JSON object format, complete events.
class TraceFile {
 public:
  /// Throws std::system_error when it cannot be written.
  explicit TraceFile(const std::string& path);

  void add(const Batch& batch, std::string_view task);
  void add(const TraceBox& box);

 private:
  void write_box(const TraceBox& box);
  void write(const std::string& event);

  std::mutex mutex_;
  std::ofstream file_;
  std::set<std::uint32_t> named_;
  std::streampos end_{};
  bool empty_ = true;
};

}  // namespace multiprocess::detail
