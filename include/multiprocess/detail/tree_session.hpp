// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/desk.hpp>
#include <multiprocess/detail/referent.hpp>

#include <cstdint>
#include <string>

namespace multiprocess::detail {

/// A client in the server's tree, whose calls come in a box.
class TreeSession final : public Session {
 public:
  TreeSession(std::uint64_t number, Desk& desk, Box& box) noexcept;

  std::string client() const override;
  std::uint64_t process() const noexcept override { return process_; }
  bool has_died() const noexcept override;
  bool looks_dead() const noexcept override;

 private:
  void send_answer(std::uint64_t call, Bytes bytes, std::span<const SharedRef> refs) override;

  Desk& desk_;
  Box& box_;
  std::uint64_t process_;  // its Ticket
};

}  // namespace multiprocess::detail
