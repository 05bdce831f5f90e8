// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/guest_handle.hpp>
#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/poller.hpp>
#include <multiprocess/detail/seal.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail {

/// What the processes of another tree have of a server's objects, all together: it is theirs until
/// they give it back, or the last one's connection has ended. The workers of the server's pools,
/// which are its forks, keep none of it. Belongs to the server's loop.
class Loans {
 public:
  /// Whoever receives it has to give it back once.
  void lend(const SharedRef& cell);
  void give_back(std::uint64_t id) noexcept;

  /// Throws RuntimeError when they have none of it. Whoever lets the user's code have the object
  /// takes a reference of his own.
  const SharedRef& find(std::uint64_t id) const;

 private:
  struct Loan {
    SharedRef cell;
    std::uint64_t count = 0;
  };
  std::unordered_map<std::uint64_t, Loan> loans_;
};

/// By the random number of the tree that each of its connections begins with.
using LoansByTree = std::map<std::uint64_t, std::weak_ptr<Loans>>;

/// A client outside of the server's tree: a thread of a program that connected. Its messages are
/// frames: first the numbers of its tree and of its process there, then calls: the number of
/// objects beside it, their ids, the call; and the answer with objects' ids and types. Objects are
/// named that it has on loan, and no others.
class RemoteSession final : public Session, public std::enable_shared_from_this<RemoteSession> {
 public:
  struct Peer {
    GuestHandle stream;
    std::optional<SessionKeys> keys;
    std::string name;  ///< for people
  };

  /// `poller` has its stream under `tag`; the session says there when it has to wait for room.
  RemoteSession(ManagerServer& server, LoansByTree& trees, os::Poller& poller, std::uint64_t tag,
                Peer peer);

  std::string client() const override { return name_; }
  std::uint64_t process() const noexcept override { return process_; }
  bool looks_dead() const noexcept override;
  os::NativeHandle stream() const noexcept { return stream_.get(); }

  // In the gateway's thread.

  /// Reads what has come, and has it served. False at the end of the stream. Throws
  /// std::system_error and ValueError for what no client of ours sends.
  bool read();

  /// Writes what is left, as far as there is room. In the loop.
  void write();

  void close() { end(); }

 private:
  void send_answer(std::uint64_t call, Bytes bytes, std::span<const SharedRef> refs) override;
  void append_answer(Bytes bytes, std::span<const SharedRef> refs);

  void take(Bytes message);
  void introduce(Bytes message);
  void serve(Bytes message);
  void drop(CallReader& from);
  /// The references beside a call. Throws when it is not to be served.
  std::vector<SharedRef> admit(std::uint64_t object, ManagerMethod method,
                               std::span<const std::uint64_t> beside) const;

  ManagerServer& server_;
  LoansByTree& trees_;
  os::Poller& poller_;
  std::uint64_t tag_;
  GuestHandle stream_;
  std::optional<Seal> sending_;
  std::optional<Seal> receiving_;
  std::string name_;
  std::uint64_t process_;
  std::shared_ptr<Loans> loans_;
  bool is_asking_ = false;

  FrameBuffer input_;
  std::vector<std::byte> output_;
  bool waits_for_room_ = false;
};

}  // namespace multiprocess::detail
