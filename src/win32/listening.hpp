// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "kinds.hpp"
#include "overlapped.hpp"
#include "user.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace multiprocess::detail::os {

/// Whether somebody who uses this library listens at a pipe of that name: the pipe itself does not
/// tell, as it is there for as long as anybody is connected.
bool is_served(const std::wstring& name);

/// A pipe that others can connect to: some of its instances wait for them. What stands for it is an
/// event, set while somebody has come.
class ListeningPipe final : public Special {
 public:
  /// `type` is that of its pipes. Throws std::system_error (address_in_use).
  ListeningPipe(std::wstring name, DWORD type, std::size_t instances);
  ~ListeningPipe() override;

  /// A handle that stands for it in this process. Throws std::system_error.
  static Handle open(std::wstring name, DWORD type, std::size_t instances);

  /// The next one who has come, if any.
  std::optional<Handle> accept();

  const std::wstring& name() const noexcept { return name_; }
  DWORD type() const noexcept { return type_; }

 private:
  struct Instance {
    Handle pipe;
    OVERLAPPED overlapped{};
  };

  std::unique_ptr<Instance> make_instance();
  void wait_for_somebody(Instance& instance);
  void tell();

  const std::wstring name_;
  const DWORD type_;
  Handle mark_;
  Handle event_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Instance>> instances_;
};

/// The other end of a pipe at which somebody listens. Waits while all its instances are taken.
/// Throws std::system_error (timed_out; no_such_file_or_directory, connection_refused at once when
/// nobody listens).
Handle connect_to_pipe(const std::wstring& name, DWORD type, Deadline deadline);

/// Who has connected, or serves. Unknown when a server has gone.
Belongs whose_other_end(NativeHandle pipe) noexcept;

}  // namespace multiprocess::detail::os
