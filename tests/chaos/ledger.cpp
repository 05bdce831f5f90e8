// SPDX-License-Identifier: BSD-3-Clause
#include "chaos/ledger.hpp"

#include <multiprocess/detail/step.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace multiprocess::test {
namespace {

/// Of the get that this thread is in.
thread_local std::atomic<std::uint32_t>* hand = nullptr;

int checked(int result, const char* what) {
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

Ledger::Pages* map(int file) {
  void* const data =
      mmap(nullptr, sizeof(Ledger::Pages), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "mmap of the ledger");
  }
  return static_cast<Ledger::Pages*>(data);
}

}  // namespace

Ledger::Ledger() : file_(checked(memfd_create("chaos-ledger", MFD_CLOEXEC), "memfd_create")) {
  checked(ftruncate(file_, sizeof(Pages)), "ftruncate");
  pages_ = map(file_);
}

Ledger::Ledger(const std::string& path)
    : file_(checked(open(path.c_str(), O_RDWR | O_CLOEXEC), "open")), pages_(map(file_)) {}

Ledger::~Ledger() {
  munmap(pages_, sizeof(Pages));
  close(file_);
}

std::string Ledger::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file_);
}

void Ledger::note_fault(const std::string& what) const {
  if (pages_->faults.fetch_add(1) == 0) {
    std::strncpy(pages_->first_fault.data(), what.c_str(), pages_->first_fault.size() - 1);
  }
}

void Ledger::reach(std::uint32_t getter) const noexcept {
  hand = &pages_->reaching[getter];
  *hand = knows_hands ? 0 : 1;
}

void Ledger::rest(std::uint32_t getter) const noexcept {
  hand = nullptr;
  pages_->reaching[getter] = 0;
}

Ledger::Sums Ledger::sums() const {
  Sums sums;
  for (std::uint32_t producer = 0; producer < most_producers; ++producer) {
    const std::uint32_t begun = pages_->producers[producer].begun;
    const std::uint32_t acknowledged = pages_->producers[producer].acknowledged;
    for (std::uint32_t item = 0; item < begun; ++item) {
      const bool received = pages_->received[producer][item] != 0;
      sums.received += received ? 1 : 0;
      sums.missing += item < acknowledged && !received ? 1 : 0;
    }
    sums.acknowledged += acknowledged;
  }
  return sums;
}

Receipt::Receipt(const Ledger& ledger, std::uint32_t getter)
    : ledger_(ledger), getter_(getter), next_(Ledger::most_producers) {}

void Receipt::note_label(const Stamp& stamp) {
  const auto [producer, sequence, check] = stamp;
  const auto which = [producer = producer, sequence = sequence] {
    return "item " + std::to_string(sequence) + " of producer " + std::to_string(producer);
  };
  if (producer >= Ledger::most_producers || sequence >= ledger_->producers[producer].begun) {
    return ledger_.note_fault("phantom: " + which() + " was never put");
  }
  if (ledger_->received[producer][sequence].fetch_add(1) != 0) {
    ledger_.note_fault("doubled: " + which());
  }
  if (sequence < next_[producer]) {
    ledger_.note_fault("out of order: " + which());
  }
  next_[producer] = sequence + 1;
  ++ledger_->traffic;
}

}  // namespace multiprocess::test

#ifdef MULTIPROCESS_CRASH_POINTS
namespace multiprocess::detail::step {

/// A getter takes no other steps there than those with which the item becomes its own.
void crash_point(const Site& site) noexcept {
  if (test::hand != nullptr &&
      std::string_view(site.file_name()).ends_with("/detail/item_queue.hpp")) {
    *test::hand = 1;
  }
}

}  // namespace multiprocess::detail::step
#endif
