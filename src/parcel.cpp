// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/parcel.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>

#include <new>

namespace multiprocess::detail {

namespace {

void destroy_parcel(Offset object) noexcept {
  drop_reference(at<Parcel>(object)->companion);
}

constexpr auto own_type = static_cast<std::uint32_t>(ObjectType::parcel);
const bool known = register_destroy(ObjectType::parcel, &destroy_parcel);

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
  const bool is_one = owner::kind(word) == owner::Kind::object && owner::type(word) == own_type;
  return is_one ? static_cast<const Parcel*>(ref.address()) : nullptr;
}

}  // namespace multiprocess::detail
