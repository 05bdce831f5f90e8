// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/entries.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/word.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// One message between a client and a server: short ones lie inside, the others are a block that is
/// a part of the desk.
struct Letter {
  static constexpr std::size_t most_inside = 88;

  std::atomic<std::uint64_t> word;  // size << 2 | 1: inside; offset of the message's block | 2
  std::array<std::byte, most_inside> inside;
};

/// A client thread's place at a desk. It has one call under way at most.
struct alignas(64) Box {
  std::atomic<std::uint64_t> client;  // Ticket of its process, 0: nobody's
  std::atomic<std::uint64_t> next;    // the box that asked before, among those to be served
  std::atomic<std::uint64_t> asked;   // number of the client's last call
  Letter request;
  alignas(64) CallingSignal signal;     // the client sleeps here
  std::atomic<std::uint64_t> answered;  // number of the call that `answer` belongs to
  Letter answer;
};

/// What a desk keeps of one object of its server, and tells the server that its last proxy is gone.
struct Stub {
  static constexpr std::uint64_t dropped = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> id;    // of the object, 0: free; with `dropped` once nobody has it
  std::atomic<std::uint64_t> next;  // the stub that was dropped before
};

/// Where the clients in a tree meet a manager's server. All of it is in the arena; it goes with the
/// last proxy and the last manager object that know it.
///
/// A call is asked by one compare-and-swap of `asking`, and answered by one store of `answered`.
struct Desk {
  enum State : std::uint32_t {
    opening,
    open,
    closed,
    linked  // the server is in another tree, see link.hpp
  };

  using Boxes = EntryBlock<Box, 15>;
  using Stubs = EntryBlock<Stub, 252>;

  Boxes boxes;
  Stubs stubs;
  alignas(64) OwnedLock taking_box;
  std::atomic<std::uint64_t> server;   // Ticket of its process, 0: none yet
  alignas(64) CallingSignal bell;      // the server sleeps here
  std::atomic<std::uint64_t> asking;   // the box that asked last
  std::atomic<std::uint64_t> dropped;  // the stub that was dropped last; changed by transactions
  alignas(64) Signal changed;          // who wait for a new state
  std::atomic<std::uint32_t> state;
  RefEntry place;  // bytes that say where the server is met from outside

  bool is_linked() const noexcept { return state.load(std::memory_order_acquire) == linked; }
  bool is_open() const noexcept { return state.load(std::memory_order_acquire) == open; }
};

/// A new desk, without a server. Throws std::bad_alloc.
SharedRef make_desk();

/// A place for the calling thread; the number of its next call is one more than `answered` says.
Box& take_box(Desk& desk);

/// Drops what nobody reads any more.
void empty_box(Desk& desk, Box& box) noexcept;

/// A dead or leaving client's place is anybody's from now on.
void free_box(Desk& desk, Box& box) noexcept;

/// The server has ended: what lies in the boxes of dead clients goes. It may hold proxies, which
/// keep the desk.
void clear_after_server(Desk& desk) noexcept;

/// The box asks: the server will see it.
void push_box(Desk& desk, Box& box) noexcept;

/// All boxes that have asked, linked from the one that asked last; nobody's any more.
Offset take_asking(Desk& desk) noexcept;

/// Writes a letter: bytes, and references beside them. Throws std::bad_alloc; then nothing changed.
void write_letter(Letter& letter, const Desk& desk, std::span<const std::byte> bytes,
                  std::span<const SharedRef> beside);

/// The block of a letter, which belongs to the reader from now on; 0 when it lies inside.
Offset take_letter(Letter& letter, std::span<const std::byte>& inside) noexcept;

/// Stands in the arena for one object of a server: each proxy is a reference to it. Its end tells
/// the server to drop the object.
struct Cell {
  RefEntry desk;
  std::uint64_t stub;  // its place
  std::uint64_t id;
  std::uint64_t type;  // of the proxies, see type_tag
};

/// Server: a cell for an object; `stub` is free, and says the object's id then.
SharedRef make_cell(const SharedRef& desk, Stub& stub, std::uint64_t id, std::uint64_t type);

/// Client: a cell for an object of a server in another tree.
SharedRef make_linked_cell(const SharedRef& desk, std::uint64_t id, std::uint64_t type);

inline Cell& cell_of(const SharedRef& ref) noexcept {
  return *static_cast<Cell*>(ref.address());
}

inline Desk& desk_at(const SharedRef& ref) noexcept {
  return *static_cast<Desk*>(ref.address());
}

inline Desk& desk_of(const SharedRef& cell) noexcept {
  return *at<Desk>(cell_of(cell).desk.load(std::memory_order_acquire));
}

/// Server: the stubs that were dropped since it asked last, linked by `next`.
Offset take_dropped(Desk& desk) noexcept;

/// Server: a free stub.
void add_stubs(Desk& desk);

/// Client: the server has ended, before the call: std::system_error (broken_pipe).
[[noreturn]] void throw_ended_before();
/// Or before its answer: EOFError.
[[noreturn]] void throw_ended_meanwhile();

}  // namespace multiprocess::detail
