// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/tree_session.hpp>

#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/step.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

TreeSession::TreeSession(std::uint64_t number, Desk& desk, Box& box) noexcept
    : Session(number),
      desk_(desk),
      box_(box),
      process_(box.client.load(std::memory_order_acquire)) {}

std::string TreeSession::client() const {
  return fmt::format("process {}", pid_in(participant(Ticket::from(process_).slot)));
}

bool TreeSession::has_died() const noexcept {
  return is_over() || detail::is_over(Ticket::from(process_));
}

bool TreeSession::looks_dead() const noexcept {
  return is_over() || check_participant(Ticket::from(process_));
}

void TreeSession::send_answer(std::uint64_t call, Bytes bytes, std::span<const SharedRef> refs) {
  write_letter(box_.answer, desk_, bytes, refs);
  step::store(box_.answered, call, std::memory_order_seq_cst);
  box_.signal.wake(1);
}

}  // namespace multiprocess::detail
