// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/desk.hpp>

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t boxes_tag = owner::tag_mask - 8;
constexpr std::uint64_t stubs_tag = owner::tag_mask - 9;
constexpr std::uint64_t is_inside = 1;
constexpr std::uint64_t is_block = 2;
constexpr std::uint64_t flags = 3;

std::uint64_t owner_of_boxes(const Desk& desk) noexcept {
  return owner::part_of(offset_of(&desk), boxes_tag);
}

std::uint64_t owner_of_stubs(const Desk& desk) noexcept {
  return owner::part_of(offset_of(&desk), stubs_tag);
}

/// What the owner word of a letter's block says: letters lie in lines of their own, so no other one
/// of the desk has this tag.
std::uint64_t owner_of_letter(const Desk& desk, const Letter& letter) noexcept {
  return owner::part_of(offset_of(&desk), offset_of(&letter) >> 6) | owner::message_flag;
}

/// Frees what nobody has read. A block that the letter names although it is not a part of the desk
/// is, or was, private to one who was killed.
void drop_letter(Letter& letter, const Desk& desk) noexcept {
  const std::uint64_t word = letter.word.load(std::memory_order_acquire);
  const Offset block = word & ~flags;
  std::uint64_t mine = owner_of_letter(desk, letter);
  if ((word & is_block) != 0 && owner_of_former(block) == mine &&
      step::cas(owner_word(block), mine, owner::private_to(self().ticket) | owner::message_flag)) {
    Message::drop(block);
  }
}

/// The blocks of boxes that are there: this may run again after a kill in its middle.
void drop_letters(Desk& desk) noexcept {
  for (Desk::Boxes* block = &desk.boxes;;) {
    for (Box& box : block->entries) {
      drop_letter(box.request, desk);
      drop_letter(box.answer, desk);
    }
    const Offset next = block->next.load(std::memory_order_acquire);
    if (next == 0 || owner_of_former(next) != owner_of_boxes(desk)) {
      return;
    }
    block = at<Desk::Boxes>(next);
  }
}

void end_desk(Offset object) noexcept {
  Desk& desk = *at<Desk>(object);
  drop_letters(desk);
  drop_reference(desk.place);
  free_entries(desk.boxes, owner_of_boxes(desk));
  free_entries(desk.stubs, owner_of_stubs(desk));
}

/// The id tells a stub that was dropped already, by somebody who was killed then, from one that is
/// to be.
void drop_stub(Desk& desk, const Cell& cell) noexcept {
  Stub& stub = *at<Stub>(cell.stub);
  {
    Transaction change;
    if (stub.id.load(std::memory_order_relaxed) == cell.id) {
      change.write(stub.next, desk.dropped.load(std::memory_order_relaxed));
      change.write(stub.id, cell.id | Stub::dropped);
      change.write(desk.dropped, cell.stub);
    }
  }
  desk.bell.wake(1);
}

void end_cell(Offset object) noexcept {
  Cell& cell = *at<Cell>(object);
  if (const Offset desk = cell.desk.load(std::memory_order_acquire); desk != 0) {
    if (cell.stub != 0) {
      drop_stub(*at<Desk>(desk), cell);
    }
    drop_reference(cell.desk);
  }
}

const bool known_desk = register_destroy(ObjectType::desk, &end_desk);
const bool known_cell = register_destroy(ObjectType::cell, &end_cell);

bool claim(Box& box, std::uint64_t ticket) noexcept {
  std::uint64_t nobody = 0;
  return box.client.load(std::memory_order_relaxed) == 0 && step::cas(box.client, nobody, ticket);
}

Box* claim_any(Desk& desk, std::uint64_t ticket) noexcept {
  return find_entry(desk.boxes, [ticket](Box& box) { return claim(box, ticket); });
}

}  // namespace

SharedRef make_desk() {
  const Offset block = allocate(sizeof(Desk));
  new (at<Desk>(block)) Desk{};
  return publish_object(block, ObjectType::desk);
}

Box& take_box(Desk& desk) {
  const std::uint64_t ticket = self().ticket.word();
  Box* box = claim_any(desk, ticket);
  if (box == nullptr) {
    const OwnedGuard guard(desk.taking_box);
    while ((box = claim_any(desk, ticket)) == nullptr) {
      add_entries(desk.boxes, owner_of_boxes(desk));
    }
  }
  return *box;
}

void empty_box(Desk& desk, Box& box) noexcept {
  drop_letter(box.request, desk);
  drop_letter(box.answer, desk);
}

void free_box(Desk& desk, Box& box) noexcept {
  empty_box(desk, box);
  step::store(box.client, 0);
}

void clear_after_server(Desk& desk) noexcept {
  for_each_entry(desk.boxes, [&desk](Box& box) {
    const std::uint64_t client = box.client.load(std::memory_order_acquire);
    if (client != 0 && check_participant(Ticket::from(client))) {
      empty_box(desk, box);
    }
  });
}

void push_box(Desk& desk, Box& box) noexcept {
  const Offset place = offset_of(&box);
  std::uint64_t last = desk.asking.load(std::memory_order_relaxed);
  do {
    step::store(box.next, last);
  } while (!step::cas(desk.asking, last, place));
  desk.bell.wake(1);
}

Offset take_asking(Desk& desk) noexcept {
  return desk.asking.load(std::memory_order_acquire) == 0 ? 0 : step::exchange(desk.asking, 0);
}

void write_letter(Letter& letter, const Desk& desk, std::span<const std::byte> bytes,
                  std::span<const SharedRef> beside) {
  if (bytes.size() <= Letter::most_inside && beside.empty()) {
    std::copy(bytes.begin(), bytes.end(), letter.inside.begin());
    step::store(letter.word, bytes.size() << 2 | is_inside);
    return;
  }
  const Offset block = Message::prepare(bytes.size(), beside);
  Message::write(block, bytes.data());
  step::store(letter.word, block | is_block);
  step::store(owner_word(block), owner_of_letter(desk, letter));
}

Offset take_letter(Letter& letter, std::span<const std::byte>& inside) noexcept {
  const std::uint64_t word = letter.word.load(std::memory_order_acquire);
  if ((word & is_block) == 0) {
    inside = std::span(letter.inside).first(std::min<std::size_t>(word >> 2, Letter::most_inside));
    return 0;
  }
  return word & ~flags;
}

SharedRef make_cell(const SharedRef& desk, Stub& stub, std::uint64_t id, std::uint64_t type) {
  const Offset block = allocate(sizeof(Cell));
  auto* const cell = new (at<Cell>(block)) Cell{};
  cell->id = id;
  cell->type = type;
  // Killed before it is published: the repair ends it as a cell, with what it refers to by then.
  step::store(owner_word(block),
              owner::dying(self().ticket, static_cast<std::uint32_t>(ObjectType::cell)));
  try {
    add_reference(cell->desk, desk.offset());
    SharedRef made = publish_object(block, ObjectType::cell);
    step::store(stub.id, id);
    cell->stub = offset_of(&stub);
    return made;
  } catch (...) {
    end_object(block);
    throw;
  }
}

SharedRef make_linked_cell(const SharedRef& desk, std::uint64_t id, std::uint64_t type) {
  Desk& shared = desk_at(desk);
  const auto take_free = [&shared] {
    return find_entry(shared.stubs, [](Stub& stub) {
      std::uint64_t free = 0;
      return stub.id.load(std::memory_order_relaxed) == 0 &&
             step::cas(stub.id, free, Stub::dropped);
    });
  };
  Stub* stub = take_free();
  if (stub == nullptr) {
    const OwnedGuard guard(shared.taking_box);
    while ((stub = take_free()) == nullptr) {
      add_stubs(shared);
    }
  }
  try {
    return make_cell(desk, *stub, id, type);
  } catch (...) {
    step::store(stub->id, 0);
    throw;
  }
}

Offset take_dropped(Desk& desk) noexcept {
  if (desk.dropped.load(std::memory_order_acquire) == 0) {
    return 0;
  }
  Transaction change;
  const Offset first = desk.dropped.load(std::memory_order_relaxed);
  change.write(desk.dropped, 0);
  return first;
}

void add_stubs(Desk& desk) {
  add_entries(desk.stubs, owner_of_stubs(desk));
}

void throw_ended_before() {
  stay_if_process_ends();
  throw std::system_error(std::make_error_code(std::errc::broken_pipe),
                          "the manager's server has ended");
}

void throw_ended_meanwhile() {
  stay_if_process_ends();
  throw EOFError("the manager's server ended before it had answered the call");
}

}  // namespace multiprocess::detail
