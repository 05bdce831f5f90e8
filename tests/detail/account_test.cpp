// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/account.hpp>

#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::Child;
using test::use_now;

SharedRef make_object() {
  return publish_object(allocate(64), ObjectType::plain);
}

std::uint64_t references_to(Offset object) {
  return owner::references(owner_word(object).load());
}

std::uint64_t objects() {
  return use_now().objects;
}

TEST(Account, APublishedObjectHasOneReference) {
  const std::uint64_t before = objects();
  {
    const SharedRef ref = make_object();
    const std::uint64_t word = owner_word(ref.offset()).load();
    EXPECT_EQ(owner::kind(word), owner::Kind::object);
    EXPECT_EQ(owner::type(word), static_cast<std::uint32_t>(ObjectType::plain));
    EXPECT_EQ(owner::references(word), 1U);
    const SharedRef copy = ref;
    EXPECT_EQ(references_to(ref.offset()), 1U) << "copies share it";
    EXPECT_EQ(objects(), before + 1);
  }
  EXPECT_EQ(objects(), before);
}

TEST(Account, AReferenceKeepsTheObject) {
  const std::uint64_t before = objects();
  SharedRef first = make_object();
  const SharedRef second = take_reference(first.offset());
  EXPECT_EQ(first, second);
  EXPECT_NE(first.control(), second.control());
  EXPECT_EQ(references_to(first.offset()), 2U);
  first = SharedRef();
  EXPECT_EQ(references_to(second.offset()), 1U);
  EXPECT_EQ(objects(), before + 1);
}

TEST(Account, NobodyCanTakeWhatIsGone) {
  SharedRef ref = make_object();
  const Offset object = ref.offset();
  ref = SharedRef();
  const auto before = use_now();
  EXPECT_THROW(take_reference(object), RuntimeError);
  EXPECT_EQ(use_now(), before);
}

TEST(Account, WordsElsewhereHoldReferencesToo) {
  const std::uint64_t before = objects();
  test::InArena<RefEntry> entry;
  {
    const SharedRef ref = make_object();
    add_reference(*entry, ref.offset());
    EXPECT_EQ(entry->load(), ref.offset());
    EXPECT_EQ(references_to(ref.offset()), 2U);
  }
  EXPECT_EQ(objects(), before + 1);
  drop_reference(*entry);
  EXPECT_EQ(entry->load(), 0U);
  EXPECT_EQ(objects(), before);
  drop_reference(*entry);
  EXPECT_THROW(add_reference(*entry, offset_of(&*entry)), RuntimeError) << "not an object";
}

Offset destroyed = 0;

TEST(Account, TheTypeSaysHowAnObjectEnds) {
  const auto type = static_cast<ObjectType>(200);
  EXPECT_TRUE(register_destroy(type, [](Offset object) noexcept {
    destroyed = object;
    EXPECT_EQ(owner::dying_type(owner_word(object).load()), 200U);
    EXPECT_EQ(owner::kind(owner_word(object).load()), owner::Kind::private_block);
  }));
  SharedRef ref = publish_object(allocate(64), type);
  const Offset object = ref.offset();
  ref = SharedRef();
  EXPECT_EQ(destroyed, object);
}

/// Runs `body` on a stack that is soon at its end.
void on_a_small_stack(void (*body)()) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, std::size_t{256} << 10);
  pthread_t thread{};
  const auto run = [](void* function) -> void* {
    reinterpret_cast<void (*)()>(function)();
    return nullptr;
  };
  EXPECT_EQ(pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(body)), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(Account, AChainOfObjectsEndsHoweverLongItIs) {
  constexpr auto type = static_cast<ObjectType>(201);
  register_destroy(type, [](Offset object) noexcept { drop_reference(*at<RefEntry>(object)); });
  make_object();  // the account's first block stays
  const auto before = use_now();
  on_a_small_stack([] {
    SharedRef last = make_object();
    for (int i = 0; i < 100'000; ++i) {
      const Offset block = allocate(64);
      add_reference(*new (at<RefEntry>(block)) RefEntry{}, last.offset());
      last = publish_object(block, type);
    }
  });
  EXPECT_EQ(use_now(), before);
}

TEST(Account, QueuesInQueuesEndHoweverDeepTheyLie) {
  const auto before = use_now();
  on_a_small_stack([] {
    SharedRef last = make_object();
    for (int i = 0; i < 2000; ++i) {
      SharedRef outer = ItemQueue::create(8, unlimited, true);
      put_bytes(ItemQueue(outer), {}, std::span(&last, 1), os::never);
      last = std::move(outer);
    }
  });
  EXPECT_EQ(use_now(), before);
}

TEST(Account, HoldsAnyNumberOfReferences) {
  const std::uint64_t before = objects();
  {
    std::vector<SharedRef> refs;
    for (int i = 0; i < 1000; ++i) {
      refs.push_back(i % 2 == 0 ? make_object() : take_reference(refs.back().offset()));
    }
    EXPECT_EQ(objects(), before + 500);
    for (std::size_t i = 0; i < refs.size(); i += 2) {
      refs[i] = SharedRef();
    }
    EXPECT_EQ(objects(), before + 500);
  }
  EXPECT_EQ(objects(), before);
  const auto use = use_now();
  { const std::vector<SharedRef> again(1000, make_object()); }
  std::vector<SharedRef> more;
  for (int i = 0; i < 1000; ++i) {
    more.push_back(make_object());
  }
  more.clear();
  EXPECT_EQ(use_now(), use) << "places in it are used again";
}

TEST(Account, ADeadProcesssReferencesAreDropped) {
  const std::uint64_t before = objects();
  const SharedRef ref = make_object();
  test::run_and_die([&ref] {
    std::array<SharedRef, 100> refs;
    for (SharedRef& mine : refs) {
      mine = take_reference(ref.offset());
    }
    refs.back() = make_object();
    EXPECT_EQ(references_to(ref.offset()), 100U);
    test::die();
  });
  EXPECT_EQ(references_to(ref.offset()), 100U);
  test::notice_deaths();
  EXPECT_EQ(references_to(ref.offset()), 1U);
  EXPECT_EQ(objects(), before + 1);
}

TEST(Account, AForkCopiesNoReference) {
  const SharedRef ref = make_object();
  Child child([&ref] {
    this_participant();
    EXPECT_EQ(references_to(ref.offset()), 1U);
    const SharedRef copy = ref;
    EXPECT_EQ(references_to(ref.offset()), 1U);
    const SharedRef mine = take_reference(ref.offset());
    EXPECT_EQ(references_to(ref.offset()), 2U);
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(references_to(ref.offset()), 1U);
  test::notice_deaths();
}

TEST(Account, WhatAChildInheritedStaysUntilItEnds) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  for (const bool announced : {true, false}) {
    const std::uint64_t before = objects();
    SharedRef ref = make_object();
    const Ticket place = announced ? reserve_participant(true) : Ticket();
    test::Gate entered;
    test::Gate go_on;
    Child child([&, inherited = ref] {
      if (announced) {
        enter_as(place);
      }
      this_participant();
      entered.open();
      go_on.wait();
      EXPECT_EQ(references_to(inherited.offset()), 1U);
      const SharedRef mine = take_reference(inherited.offset());
    });
    entered.wait();
    ref = SharedRef();
    EXPECT_EQ(objects(), before + 1) << announced;
    { const SharedRef younger = make_object(); }
    EXPECT_EQ(objects(), before + 1) << "what it did not inherit goes at once";
    go_on.open();
    EXPECT_EQ(child.wait(), 0);
    test::notice_deaths();
    EXPECT_EQ(objects(), before) << announced;
  }
}

TEST(Account, NoChildInheritsAReferenceOfOurOwn) {
  const std::uint64_t before = objects();
  SharedRef ref = make_object();
  SharedRef own = take_own_reference(ref.offset());
  ref = SharedRef();
  EXPECT_EQ(objects(), before + 1);
  const Ticket child = reserve_participant(true);
  own = SharedRef();
  EXPECT_EQ(objects(), before);
  cancel_participant(child);
}

TEST(Account, WhatAGrandchildInheritedStaysToo) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const std::uint64_t before = objects();
  test::Gate entered;
  test::Gate go_on;
  SharedRef ref = make_object();
  const Ticket place = reserve_participant(true);
  Child child([&, inherited = ref] {
    enter_as(place);
    const SharedRef mine = make_object();
    const Ticket below = reserve_participant(true);
    new Child([&] {
      enter_as(below);
      this_participant();
      entered.open();
      go_on.wait();
      EXPECT_EQ(references_to(inherited.offset()) + references_to(mine.offset()), 2U);
      go_on.open();
    });
    entered.wait();
  });
  name_participant(place, child.pid());
  EXPECT_EQ(child.wait(), 0);
  note_end(place);
  ref = SharedRef();
  EXPECT_EQ(objects(), before + 2);
  go_on.open();
  test::until([] {
    test::notice_deaths();
    return participant(this_participant().slot).pins.load() == 0;
  });
  EXPECT_EQ(objects(), before);
}

TEST(Account, ManyChildrenInheritInTurns) {
  const std::uint64_t before = objects();
  std::vector<SharedRef> refs;
  std::vector<Ticket> places;
  for (int i = 0; i < 30; ++i) {
    refs.push_back(make_object());
    places.push_back(reserve_participant(true));
  }
  refs.clear();
  EXPECT_EQ(objects(), before + 30);
  for (std::size_t i = places.size(); i-- > 0;) {
    note_end(places[i]);
    EXPECT_EQ(objects(), before + i) << "the first child inherited one, the second two, ...";
  }
}

TEST(Account, ThreadsTakeAndDrop) {
  const std::uint64_t before = objects();
  {
    const SharedRef shared = make_object();
    test::in_threads(4, [&shared](int number) {
      std::vector<SharedRef> refs;
      for (int i = 0; i < 2000; ++i) {
        refs.push_back(i % 3 == 0   ? make_object()
                       : i % 3 == 1 ? take_reference(shared.offset())
                                    : refs.back());
        if (i % (50 + number) == 0) {
          refs.clear();
          refs.push_back(shared);
        }
      }
    });
    EXPECT_EQ(references_to(shared.offset()), 1U);
  }
  EXPECT_EQ(objects(), before);
}

TEST(Account, ThreadsDropWhileChildrenComeAndGo) {
  const std::uint64_t before = objects();
  test::in_threads(4, [](int number) {
    for (int i = 0; i < 300; ++i) {
      if (number == 0) {
        note_end(reserve_participant(true));
      } else {
        const SharedRef mine = make_object();
        const SharedRef more = take_reference(mine.offset());
      }
    }
  });
  note_end(reserve_participant(true));
  EXPECT_EQ(objects(), before);
}

}  // namespace
}  // namespace multiprocess::detail
