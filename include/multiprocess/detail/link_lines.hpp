// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/line.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace multiprocess::detail {

/// What this process has of one linked desk: a line to tell by what the tree has dropped, and one
/// for each thread that calls. In a forked child it has no lines at first, nor when the server has
/// ended.
struct Link {
  SharedRef desk;
  std::shared_ptr<Line> main;
  std::vector<std::shared_ptr<Line>> of_threads;
  int managers = 0;
};

class LineUse {
 public:
  explicit LineUse(std::shared_ptr<Line> line);
  ~LineUse();
  LineUse(const LineUse&) = delete;
  LineUse& operator=(const LineUse&) = delete;

  const Connection& connection() const noexcept { return line_->connection; }

  std::vector<std::byte> receive() const { return receive_answer(*line_); }

 private:
  std::shared_ptr<Line> line_;
};

/// Null when this process has none with lines. Counts `managers` more that use it.
std::shared_ptr<Link> known_link(const Desk& desk, int managers = 0);

/// The same, but connects where there is none. Throws as Client.
std::shared_ptr<Link> own_link(Desk& desk, int managers = 0);

/// True when no manager of this process uses the link any more.
bool drop_manager(const Desk& desk) noexcept;

/// The desk by which this process reaches the server there; empty when it does not.
SharedRef linked_desk(const Address& address);

/// The calling thread's own line, which it gets now if it has none; for one call only when its
/// objects are gone already. Throws as Client.
std::shared_ptr<Line> thread_line(const std::shared_ptr<Link>& link);

/// The same, or else the process's.
std::shared_ptr<Line> some_line(const std::shared_ptr<Link>& link);

/// Something went wrong in the midst of a message: nobody could tell where the next one begins.
void end_line(const std::shared_ptr<Link>& link, const std::shared_ptr<Line>& line);

/// Ends all lines if the server has ended.
void end_if_server_has(const std::shared_ptr<Link>& link);

/// Ends all lines in good order, unless a manager of this process uses the link, or the tree has
/// proxies.
void leave_link(const std::shared_ptr<Link>& link);

}  // namespace multiprocess::detail
