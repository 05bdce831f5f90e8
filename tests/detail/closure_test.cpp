// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/closure.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/wrappers.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>

namespace multiprocess::detail {
namespace {

/// A shared object as a Lock is one: a pointer that nobody else may see, and a count.
class Handle {
 public:
  explicit Handle(int value) : slot_(new Slot{value, 1}) { ++alive; }
  Handle(const Handle& other) noexcept : slot_(other.slot_) {
    ++slot_->uses;
    ++alive;
    CopyRecorder::note(this, part_ops);
  }
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    --alive;
    if (--slot_->uses == 0) {
      delete slot_;
    }
  }
  int value() const { return slot_->value; }

  static const PartOps part_ops;
  static inline int alive = 0;

 private:
  struct Slot {
    int value;
    int uses;
  };

  explicit Handle(Slot* slot) : slot_(slot) {
    ++slot_->uses;
    ++alive;
  }
  static std::uint32_t send(const void* part) {
    const auto number = static_cast<std::uint32_t>(sent.size());
    sent.push_back(static_cast<const Handle*>(part)->slot_);
    return number;
  }
  static void receive(void* where, std::uint32_t index) {
    if (index >= sent.size()) {
      throw ValueError("no such part");
    }
    ::new (where) Handle(sent[index]);
  }
  static void destroy(void* part) noexcept { static_cast<Handle*>(part)->~Handle(); }

  static inline std::vector<Slot*> sent;

  Slot* slot_;
};

constinit const PartOps Handle::part_ops{sizeof(Handle), &Handle::send, &Handle::receive,
                                         &Handle::destroy};

template <class F>
F crossed(const F& f) {
  return decode<F>(encode(f));
}

int twice(int x) {
  return 2 * x;
}
int shared_number = 7;

struct Counter {
  explicit Counter(int start) : base(start) {}
  int plus(int x) const { return base + x; }
  virtual int times(int x) const { return base * x; }
  virtual ~Counter() = default;
  int base;
};

#if !defined(__has_builtin)
constexpr bool can_clear_padding = false;
#elif __has_builtin(__builtin_clear_padding)
constexpr bool can_clear_padding = true;
#else
constexpr bool can_clear_padding = false;
#endif

TEST(Closure, CarriesPlainCaptures) {
  int k = 3;
  double d = 0.5;
  EXPECT_EQ(crossed([] { return 1; })(), 1);
  EXPECT_EQ(crossed([k, d](int x) { return k * x + d; })(2), 6.5);
  const auto inner = [k](int x) { return k + x; };
  EXPECT_EQ(crossed([inner, k](auto x) { return inner(k) + x; })(1), 7);
}

TEST(Closure, CarriesPointersIntoTheProgram) {
  EXPECT_EQ(crossed(&twice)(4), 8);
  int (*const pointer)(int) = &twice;
  const char* const literal = "text";
  const auto f = [pointer, literal](int x) { return pointer(x) + literal[0]; };
  EXPECT_EQ(crossed(f)(1), 2 + 't');
  const auto g = [where = &shared_number] { return where; };
  EXPECT_EQ(crossed(g)(), &shared_number);
}

TEST(Closure, CarriesPointersToMembers) {
  const Counter counter(5);
  EXPECT_EQ((counter.*crossed(&Counter::plus))(1), 6);
  EXPECT_EQ((counter.*crossed(&Counter::times))(3), 15);
  EXPECT_EQ(counter.*crossed(&Counter::base), 5);
}

TEST(Closure, CarriesWhatStdBindsTogether) {
  if (!can_clear_padding) {
    GTEST_SKIP() << "what happens to lie in the padding may look like a pointer";
  }
  EXPECT_EQ(crossed(std::bind_front(std::plus<>(), 3))(4), 7);
  EXPECT_EQ(crossed(std::bind_front(&twice, 3))(), 6);
  const auto f = [o = std::optional<int>(3), t = std::tuple(1, 2)] { return *o + get<1>(t); };
  EXPECT_EQ(crossed(f)(), 5);
}

/// Fills the stack with addresses of it, as calls leave them there.
[[gnu::noinline]] void leave_addresses() {
  std::array<volatile void*, 512> stack;
  volatile auto* const places = stack.data();
  for (std::size_t i = 0; i < stack.size(); ++i) {
    places[i] = stack.data() + i;
  }
}

[[gnu::noinline]] bool crosses_after_others(const Handle& handle, bool flag) {
  return crossed([first = handle, flag, second = handle] {
    return flag && first.value() == second.value();
  })();
}

// This file is compiled with optimization: so one could lose what was written there before.
TEST(Closure, WhatLiesBetweenHandlesIsNotLookedAt) {
  const Handle handle(5);
  for (int i = 0; i < 100; ++i) {
    leave_addresses();
    EXPECT_TRUE(crosses_after_others(handle, true));
  }
}

template <class F>
std::string refusal(const F& f) {
  try {
    encode(f);
  } catch (const NotSendable& error) {
    return error.what();
  }
  return "";
}

TEST(Closure, RefusesPointersToTheStackAndTheHeap) {
  // A sanitizer may keep variables elsewhere.
  const std::string on_stack = refusal([p = __builtin_frame_address(0)] { return p; });
  EXPECT_NE(on_stack.find("at offset 0"), on_stack.npos) << on_stack;
  EXPECT_NE(on_stack.find("stack]"), on_stack.npos) << on_stack;
  EXPECT_NE(on_stack.find("cannot send '"), on_stack.npos) << on_stack;
  const std::unique_ptr<int> owner = std::make_unique<int>(1);
  EXPECT_NE(refusal([k = 1L, p = owner.get()] { return *p + k; }), "");
  const std::string text(100, 'x');
  EXPECT_NE(refusal([view = std::string_view(text)] { return view.size(); }), "");
  int local = 1;
  EXPECT_NE(refusal([p = &local] { return *p; }), "");
  EXPECT_NE(refusal(std::bind_front([](int& x) { return x; }, std::ref(local))), "");
  EXPECT_NE(refusal([shared = std::make_shared<int>(1)] { return *shared; }), "");
}

TEST(Closure, LetsPassWhatIsVouchedFor) {
  int local = 1;
  EXPECT_EQ(crossed(ByValue([&local] { return local; }))(), 1);
  EXPECT_EQ(crossed(ByValue([p = &local] { return *p; }))(), 1);
}

TEST(Closure, CarriesCapturedHandles) {
  {
    const Handle first(10);
    const Handle second(20);
    int k = 3;
    double d = 0.5;
    const auto f = [first, k, second, d](int x) {
      return first.value() + k * x + second.value() + d;
    };
    EXPECT_EQ(crossed(f)(2), 36.5);
    const auto outer = [f, first] { return f(1) + first.value(); };
    EXPECT_EQ(crossed(outer)(), 43.5);
  }
  EXPECT_EQ(Handle::alive, 0);
}

TEST(Closure, RefusesPointersBesideHandles) {
  const Handle handle(1);
  int local = 2;
  EXPECT_NE(refusal([handle, p = &local] { return *p + handle.value(); }), "");
  EXPECT_NE(refusal([handle, shared = std::make_shared<int>(1)] { return *shared; }), "");
}

TEST(Closure, SurvivesTruncationAndFlippedBits) {
  {
    const Handle handle(1);
    int (*const pointer)(int) = &twice;
    const auto f = [handle, pointer, k = 5, second = handle](int x) {
      return pointer(x) + handle.value() + k + second.value();
    };
    const auto bytes = encode(f);
    using F = std::remove_const_t<decltype(f)>;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THROW(decode<F>(Bytes(bytes).first(size)), std::exception);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      auto flipped = bytes;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      EXPECT_THROW(decode<F>(flipped), std::exception) << bit;
    }
  }
  EXPECT_EQ(Handle::alive, 0);
}

TEST(Closure, DoesNotSendWhatLiesInItsPadding) {
  int (*const pointer)(int) = &twice;
  [[maybe_unused]] const auto make = [pointer](unsigned char fill) {
    const auto f = [pointer, c = 'c'] { return pointer(c); };
    alignas(16) unsigned char memory[sizeof(f)];
    std::memset(memory, fill, sizeof(memory));
    return encode(*::new (memory) auto(f));
  };
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  EXPECT_EQ(make(0), make(0xff));
#else
  GTEST_SKIP() << "this compiler cannot clear padding";
#endif
#endif
}

TEST(Closure, RefusesCodeOutsideOfAllModules) {
  using Function = int (*)(int);
  const auto memory = std::make_unique<int>(0);
  EXPECT_THROW(encode(reinterpret_cast<Function>(memory.get())), NotSendable);
  EXPECT_THROW(encode(reinterpret_cast<Function>(&shared_number)), NotSendable);
  EXPECT_EQ(crossed(static_cast<int (*)(int)>(nullptr)), nullptr);
}

}  // namespace
}  // namespace multiprocess::detail
