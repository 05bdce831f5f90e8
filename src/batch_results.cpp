// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/batch_results.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/remote_error.hpp>

#include <new>

namespace multiprocess::detail {

namespace {

std::uint64_t words_of(const Batch& batch, std::uint64_t items) noexcept {
  return batch.has(Batch::word_each) ? items : batch.chunks;
}

bool is_error(std::uint64_t word) noexcept {
  return (word & (result::error | result::no_memory)) != 0;
}

}  // namespace

std::exception_ptr error_in(std::uint64_t word) {
  if (!is_error(word)) {
    return nullptr;
  }
  if (word == result::no_memory) {
    return std::make_exception_ptr(std::bad_alloc());
  }
  try {
    InputArchive archive(Message::bytes_of(result::message(word)));
    archive.get<std::uint64_t>();  // when
    archive.get<std::uint64_t>();  // of which item
    rethrow(read_value<RemoteException>(archive));
  } catch (...) {
    return std::current_exception();
  }
}

EarliestError earliest_error(const Batch& batch, std::uint64_t items) {
  std::uint64_t earliest = ~std::uint64_t{0};
  std::uint64_t first = 0;
  for (std::uint64_t i = 0; i < words_of(batch, items); ++i) {
    const std::uint64_t word = batch.word(i).load(std::memory_order_acquire);
    if (word == result::no_memory) {
      return {error_in(word), 0};
    }
    if (is_error(word)) {
      InputArchive archive(Message::bytes_of(result::message(word)));
      if (const auto moment = archive.get<std::uint64_t>(); moment < earliest) {
        earliest = moment;
        first = word;
      }
    }
  }
  return {error_in(first), earliest};
}

std::uint64_t count_errors(const Batch& batch, std::uint64_t items) noexcept {
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < words_of(batch, items); ++i) {
    failed += is_error(batch.word(i).load(std::memory_order_acquire)) ? 1 : 0;
  }
  return failed;
}

void drop_results(const Batch& batch, std::uint64_t items) noexcept {
  for (std::uint64_t i = 0; i < words_of(batch, items); ++i) {
    if (const Offset message = result::message(batch.word(i).load()); message != 0) {
      Message::drop(message);
    }
  }
}

}  // namespace multiprocess::detail
