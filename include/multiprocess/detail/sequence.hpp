// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/recursive_lock.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/timeout.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// In the arena: items of one plain type, one after the other in a block of their own, that may
/// become more or fewer.
///
/// A change that one store completes (an item behind the last one, then the size) or one
/// transaction (another block, filled before) is made or not made, wherever it is cut short. For
/// any other change `torn` is set: if the process dies meanwhile, it stays.
struct SequenceState {
  RecursiveLock lock;
  std::uint64_t type;  // type_tag of an item
  std::uint64_t item_size;
  std::atomic<std::uint64_t> torn;      // this_owner() of who changes it; 0: it is whole
  std::atomic<std::uint64_t> size;      // items
  std::atomic<std::uint64_t> capacity;  // items that the block has room for
  std::atomic<std::uint64_t> items;     // Offset of the block; 0: none yet
};

/// What the shared containers are: a lock and a sequence. Its functions are for those who hold the
/// lock.
class Sequence : public StdLockable<Sequence> {
 public:
  using shared_handle = void;

  bool acquire(Block block = true, Timeout timeout = forever) const;
  bool acquire(Timeout timeout) const;
  void release() const;

  friend bool operator==(const Sequence& a, const Sequence& b) noexcept { return a.ref_ == b.ref_; }

  /// How it crosses: beside the bytes of the message.
  static constexpr const PartOps& part_ops = SharedRef::part_ops;

 protected:
  /// A new one, empty. Throws std::bad_alloc when shared memory is short.
  Sequence(std::uint64_t type, std::size_t item_size);

  enum class State { whole, any };

  /// The lock, held. Throws RuntimeError within a change of this thread, OwnerDied when the
  /// sequence is torn; unless it may be in any state.
  class Hold {
   public:
    explicit Hold(const Sequence& sequence, State accepted = State::whole);
    ~Hold() { sequence_.release(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    const Sequence& sequence_;
  };

  /// While it lives several items change. What was torn is whole then, unless an exception ends it.
  class Change {
   public:
    explicit Change(const Sequence& sequence);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    SequenceState& state_;
    std::uint64_t torn_by_;
    int exceptions_;
  };

  /// Who changes it, or died doing so; 0 when it is whole.
  std::uint64_t changer() const noexcept;
  std::size_t count() const noexcept;
  std::byte* data() const noexcept;

  /// The items have room then. What there was is still there.
  void reserve(std::size_t items) const;
  /// Room behind the last item, which these become with `set_count`.
  std::byte* extend(std::size_t items) const;
  void set_count(std::size_t items) const;
  /// These are all the items from now on, in one step; nothing is torn any more.
  void replace(const void* items, std::size_t count) const;
  /// Room for one more at `index`; the caller writes it. Part of a change.
  std::byte* open_gap(std::size_t index) const;
  void close_gap(std::size_t index) const;

  static void require_sequence(const SharedRef& received, std::uint64_t type,
                               std::string_view name);
  std::string sequence_repr(std::string_view class_name, std::string_view item) const;

 private:
  SequenceState& state() const noexcept { return *static_cast<SequenceState*>(ref_.address()); }
  void move_to(Offset block, std::size_t capacity, std::size_t size) const;

  SharedRef ref_;
};

}  // namespace multiprocess::detail
