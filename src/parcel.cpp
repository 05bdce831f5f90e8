// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/parcel.hpp>

#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>

#include <new>

namespace multiprocess::detail {

namespace {

constexpr auto own_type = static_cast<std::uint32_t>(ObjectType::parcel);

void destroy_parcel(Offset object) noexcept {
  Parcel& parcel = *at<Parcel>(object);
  if (parcel.is_deposited()) {
    drop_deposit(parcel.place);
  }
  drop_reference(parcel.companion);
}

const bool known = register_destroy(ObjectType::parcel, &destroy_parcel);

bool is_parcel(std::uint64_t word) noexcept {
  return owner::kind(word) == owner::Kind::object && owner::type(word) == own_type;
}

}  // namespace

SharedRef make_parcel(std::uint64_t place, const SharedRef& companion, std::uint64_t meta) {
  const Offset block = allocate(sizeof(Parcel));
  auto* const parcel = new (at<Parcel>(block)) Parcel{};
  parcel->meta = meta;
  parcel->place = place;
  // Killed before it is published: the repair ends it as a parcel, with what it refers to by then.
  step::store(owner_word(block), owner::dying(self().ticket, own_type));
  try {
    if (companion) {
      add_reference(parcel->companion, companion.offset());
    }
    return publish_object(block, ObjectType::parcel);
  } catch (...) {
    end_object(block);
    throw;
  }
}

const Parcel* as_parcel(const SharedRef& ref) noexcept {
  if (!ref) {
    return nullptr;
  }
  const std::uint64_t word = owner_word(ref.offset()).load(std::memory_order_acquire);
  return is_parcel(word) ? static_cast<const Parcel*>(ref.address()) : nullptr;
}

bool stands_for(Offset parcel, std::uint64_t deposit) noexcept {
  const ArenaHeader& arena = arena_header();
  const bool can_be = parcel >= arena.first_page && parcel <= arena.size - sizeof(Parcel) &&
                      parcel % alignof(Parcel) == 0;
  return can_be && is_parcel(owner_of_former(parcel)) && at<Parcel>(parcel)->place == deposit;
}

}  // namespace multiprocess::detail
