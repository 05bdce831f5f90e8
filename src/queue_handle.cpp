// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_handle.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <system_error>

namespace multiprocess::detail {

namespace {

bool closed_here(const SharedRef& ref) {
  return ref.control()->closed.load(std::memory_order_relaxed) == self().owner;
}

}  // namespace

void throw_full() {
  throw Full("the queue is full");
}

void throw_empty() {
  throw Empty("the queue is empty");
}

void throw_shut_down() {
  throw ShutDown("the queue has been shut down");
}

void require_counted(bool done) {
  if (!done) {
    throw ValueError("task_done() called too many times");
  }
}

void require_not_closed_here(const SharedRef& ref) {
  if (closed_here(ref)) {
    throw ValueError("the queue is closed in this process");
  }
}

void require_handle_not_closed_here(const SharedRef& ref) {
  if (closed_here(ref)) {
    throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor),
                            "handle is closed");
  }
}

void close_queue(const SharedRef& ref) {
  step::store(ref.control()->closed, self().owner);
}

void require_closed(const SharedRef& ref) {
  if (!closed_here(ref)) {
    throw AssertionError("join_thread() may only be called after close()");
  }
}

std::uint64_t queue_capacity(std::ptrdiff_t maxsize) noexcept {
  return maxsize <= 0 ? unlimited : static_cast<std::uint64_t>(maxsize);
}

void require_queue_of(const SharedRef& ref, std::uint64_t item_type, std::string_view item_name) {
  require_type(ref, ObjectType::queue);
  if (ItemQueue(ref).item_type() != item_type) {
    throw TypeError(fmt::format("the message holds a queue of items of another type, not of '{}'",
                                readable(item_name)));
  }
}

std::string queue_repr(const char* type, const SharedRef& ref) {
  return fmt::format("<multiprocess.queues.{} object at {:#x}>", type, ref.offset());
}

}  // namespace multiprocess::detail
