// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/parcel.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

namespace multiprocess::detail {
namespace {

using test::use_now;

SharedRef make_object() {
  return publish_object(allocate(64), ObjectType::plain);
}

TEST(Parcel, SaysWhatItWasMadeOf) {
  const SharedRef companion = make_object();
  const SharedRef ref = make_parcel(7, companion, 9);
  const Parcel* const parcel = as_parcel(ref);
  ASSERT_NE(parcel, nullptr);
  EXPECT_EQ(parcel->place, 7U);
  EXPECT_EQ(parcel->meta, 9U);
  EXPECT_EQ(parcel->companion.load(), companion.offset());
  EXPECT_EQ(as_parcel(make_parcel(0, {}, 0))->companion.load(), 0U);
}

TEST(Parcel, IsToldFromOtherObjects) {
  EXPECT_EQ(as_parcel(make_object()), nullptr);
  EXPECT_EQ(as_parcel(SharedRef()), nullptr);
}

TEST(Parcel, KeepsItsCompanionUntilItEnds) {
  const test::Use before = use_now();
  {
    SharedRef companion = make_object();
    const Offset where = companion.offset();
    const SharedRef parcel = make_parcel(0, companion, 0);
    EXPECT_EQ(owner::references(owner_word(where).load()), 2U);
    companion = SharedRef();
    EXPECT_EQ(use_now().objects, before.objects + 2);
  }
  EXPECT_EQ(use_now().objects, before.objects);
}

TEST(Parcel, OfACompanionThatIsGoneIsARuntimeError) {
  const test::Use before = use_now();
  RefControl gone;
  gone.object = allocate(64);
  {
    SharedRef nobodys(&gone, at<std::byte>(gone.object));
    gone.uses = 2;  // it is ours: nothing is given back
    EXPECT_THROW(make_parcel(0, nobodys, 0), RuntimeError);
  }
  deallocate(gone.object);
  EXPECT_EQ(use_now().objects, before.objects);
}

TEST(Parcel, GoesWithAProcessThatIsKilled) {
  const test::Use before = use_now();
  const SharedRef companion = make_object();
  test::run_and_die([&companion] {
    const SharedRef parcel = make_parcel(0, companion, 0);
    test::die();
  });
  test::notice_deaths();
  EXPECT_EQ(owner::references(owner_word(companion.offset()).load()), 1U);
  EXPECT_EQ(use_now().objects, before.objects + 1);
}

}  // namespace
}  // namespace multiprocess::detail
