// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/event.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/step.hpp>

#include <fmt/format.h>

#include <climits>
#include <cstdint>
#include <new>

namespace multiprocess {

namespace {

constexpr std::uint32_t set_bit = 1;
constexpr std::uint32_t one_set = 2;

bool is_up(std::uint32_t word) noexcept {
  return (word & set_bit) != 0;
}

detail::SharedRef make_event() {
  const detail::Offset block = detail::allocate(sizeof(detail::Signal));
  new (detail::at<detail::Signal>(block)) detail::Signal{};
  return detail::publish_object(block, detail::ObjectType::event);
}

}  // namespace

Event::Event() : ref_(make_event()) {}

void Event::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::event);
}

void Event::set() const {
  detail::Signal& flag = this->flag();
  std::uint32_t word = flag.word.load(std::memory_order_seq_cst);
  while (!is_up(word) && !detail::step::cas(flag.word, word, word + one_set + set_bit)) {
  }
  // Also when it is up already: who put it there may have been killed before it came to this.
  if (flag.sleepers.load(std::memory_order_seq_cst) != 0) {
    detail::os::wake_sleepers(flag.word, INT_MAX);
  }
}

void Event::clear() const {
  detail::Signal& flag = this->flag();
  std::uint32_t word = flag.word.load(std::memory_order_seq_cst);
  while (is_up(word) && !detail::step::cas(flag.word, word, word - set_bit)) {
  }
}

bool Event::is_set() const {
  return is_up(flag().word.load(std::memory_order_seq_cst));
}

bool Event::wait(Timeout timeout) const {
  detail::Signal& flag = this->flag();
  const std::uint32_t begun = flag.word.load(std::memory_order_seq_cst);
  if (is_up(begun)) {
    return true;
  }
  return detail::wait_until(flag, timeout.deadline(), [&flag, begun] {
    const std::uint32_t word = flag.word.load(std::memory_order_seq_cst);
    return is_up(word) || word / one_set != begun / one_set;
  });
}

std::string mp_repr(const Event& event) {
  return fmt::format("<Event at {:#x} {}>", event.ref_.offset(), event.is_set() ? "set" : "unset");
}

}  // namespace multiprocess
