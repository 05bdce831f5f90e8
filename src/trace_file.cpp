// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/trace_file.hpp>

#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/repr.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace multiprocess::detail {

namespace {

constexpr std::string_view closing = "\n]}\n";

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string microseconds(std::uint64_t nanoseconds) {
  return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

}  // namespace

TraceFile::TraceFile(const std::string& path) : file_(path, std::ios::trunc | std::ios::binary) {
  file_ << R"({"displayTimeUnit":"ms","traceEvents":[)";
  end_ = file_.tellp();
  file_ << closing << std::flush;
  if (!file_) {
    throw std::system_error(errno, std::generic_category(), "cannot write " + path);
  }
}

void TraceFile::write(const std::string& event) {
  file_.seekp(end_);
  file_ << (empty_ ? "\n" : ",\n") << event;
  end_ = file_.tellp();
  file_ << closing;
  empty_ = false;
}

void TraceFile::write_box(const TraceBox& box) {
  const int pid = current_pid();
  const std::uint32_t lane = box.worker + 1;
  if (named_.insert(box.worker).second) {
    write(fmt::format(
        R"({{"name":"thread_name","ph":"M","pid":{},"tid":{},"args":{{"name":"worker {}"}}}})", pid,
        lane, lane));
  }
  write(fmt::format(
      R"({{"name":{},"ph":"X","ts":{},"dur":{},"pid":{},"tid":{},"args":{{"call":{},"first":{},"last":{},"worker pid":{}}}}})",
      json_text(box.task), microseconds(box.begin), microseconds(box.end - box.begin), pid, lane,
      box.call, box.first_item, box.end_item - 1, box.pid));
}

void TraceFile::add(const Batch& batch, std::string_view task) {
  if (batch.trace == 0) {
    return;
  }
  const std::scoped_lock lock(mutex_);
  for (std::uint64_t i = 0; i < batch.chunks; ++i) {
    const TracedChunk& chunk = at<TracedChunk>(batch.trace)[i];
    if (chunk.end != 0) {  // else its worker did not come to the end of it
      write_box({std::string(task), chunk.place, chunk.pid, chunk.begin, chunk.end, batch.call,
                 batch.base + batch.begin_of(i), batch.base + batch.end_of(i)});
    }
  }
  file_.flush();
}

void TraceFile::add(const TraceBox& box) {
  const std::scoped_lock lock(mutex_);
  write_box(box);
  file_.flush();
}

}  // namespace multiprocess::detail
