// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// The processes of a tree that has connected to a manager of another one reach its server through
/// a *linked* desk: one that says where the server is, and counts the tree's proxies as every desk
/// does. Each thread of a process that calls has a connection of its own, and the process one more,
/// by which it says what the tree has dropped.

/// An answer as it came: the call's own bytes begin at `begin`.
struct LinkAnswer {
  std::vector<std::byte> bytes;
  std::size_t begin = 0;
  std::vector<SharedRef> refs;
};

/// A linked desk for the server there, which is not asked yet.
SharedRef link_desk(const ManagerPlace& place);

/// The desk by which this process reaches the server there; empty when it does not.
SharedRef linked_desk(const Address& address);

/// Asks the server behind a linked desk, and waits for the answer. Throws EOFError when it ends
/// meanwhile, std::system_error when it cannot be reached, NotSendable for references to anything
/// but its own objects.
LinkAnswer ask_over_link(Desk& desk, Bytes call, std::span<const SharedRef> refs);

/// Tells the server what the tree has no proxies of any more. When none are left, and no manager of
/// this process uses it, the connections end.
void settle_link(Desk& desk) noexcept;

/// A manager of this process uses the desk, or does no more. Throws as Client.
void keep_link(const SharedRef& desk, bool keep);

/// This process has received what stands for an object: the server keeps that for as long as
/// somebody of the tree is connected, and so this process is from now on.
void keep_lent(const SharedRef& cell) noexcept;

/// Keeps the connections for as long as it is there.
class LinkUse {
 public:
  explicit LinkUse(SharedRef desk) : desk_(std::move(desk)) { keep_link(desk_, true); }
  ~LinkUse() { keep_link(desk_, false); }
  LinkUse(const LinkUse&) = delete;
  LinkUse& operator=(const LinkUse&) = delete;

 private:
  SharedRef desk_;
};

}  // namespace multiprocess::detail
