// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/tree_session.hpp>

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/step.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

TreeSession::TreeSession(std::uint64_t number, Desk& desk, Box& box) noexcept
    : Session(number), desk_(desk), box_(box) {}

std::string TreeSession::client() const {
  const Ticket ticket = Ticket::from(box_.client.load(std::memory_order_relaxed));
  return fmt::format("process {}", pid_in(participant(ticket.slot)));
}

void TreeSession::send_answer(std::uint64_t call, Bytes bytes, std::span<const SharedRef> refs) {
  write_letter(box_.answer, desk_, bytes, refs);
  step::store(box_.answered, call, std::memory_order_seq_cst);
  box_.signal.wake(1);
}

}  // namespace multiprocess::detail
