// SPDX-License-Identifier: BSD-3-Clause
// What holds for every handle that can be sent, on every channel: it may be an item, or inside of
// one, live in a message alone, and come from a process that has ended.
#include <multiprocess/multiprocess.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/handles.hpp"
#include "support/keeper.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace multiprocess::test {
namespace {

template <class T>
class HandlesInMotion : public testing::Test {
 protected:
  using Kind = std::tuple_element_t<0, T>;
  template <class Item>
  using ChannelOf = typename std::tuple_element_t<1, T>::template Channel<Item>;

  static Kind make() { return Handle<Kind>::make(); }
  static bool is_marked(const Kind& handle) { return Handle<Kind>::is_marked(handle); }

  void TearDown() override {
    detail::stop_server();
    EXPECT_TRUE(deposits_become(0, plenty));
  }

  /// A process with each start method in turn, run to its end.
  template <class F, class... Args>
  static void in_a_child(F target, const Args&... args) {
    for (const StartMethod method : tested_start_methods()) {
      ProcessOptions options;
      options.start_method = method;
      Process child(options, target, args...);
      child.start();
      child.join(plenty);
      EXPECT_EQ(child.exitcode(), 0) << to_string(method);
    }
  }
};

using Kinds = testing::Types<
    std::tuple<Lock, OnQueue<Queue>>, std::tuple<Lock, OnPipe>,
    std::tuple<Queue<int>, OnQueue<Queue>>, std::tuple<Queue<int>, OnPipe>,
    std::tuple<JoinableQueue<int>, OnQueue<Queue>>, std::tuple<JoinableQueue<int>, OnPipe>,
    std::tuple<SimpleQueue<int>, OnQueue<Queue>>, std::tuple<SimpleQueue<int>, OnPipe>,
    std::tuple<Connection, OnQueue<Queue>>, std::tuple<Connection, OnPipe>,
    std::tuple<Fd, OnQueue<Queue>>, std::tuple<Fd, OnPipe>>;
TYPED_TEST_SUITE(HandlesInMotion, Kinds);

TYPED_TEST(HandlesInMotion, AreItems) {
  using H = typename TestFixture::Kind;
  const typename TestFixture::template ChannelOf<H> channel;
  const H handle = this->make();
  channel.put(handle);
  const H got = channel.get();
  EXPECT_EQ(got == handle, (!std::is_same_v<H, Fd>)) << "an Fd is another descriptor each time";
  EXPECT_TRUE(this->is_marked(got));
}

template <class H>
struct Crate {
  std::string text;
  H handle;
  std::optional<H> maybe;
  std::vector<H> many;
  std::map<int, H> by_number;
  std::pair<H, int> pair;
  std::variant<int, H> either;
  std::shared_ptr<H> owned;

  std::vector<H> all() const {
    std::vector<H> handles{handle,          *maybe,     many.at(0),          many.at(1),
                           by_number.at(5), pair.first, std::get<1>(either), *owned};
    return handles;
  }
};

template <class H>
Crate<H> full_crate() {
  const auto make = Handle<H>::make;
  return {"text",        make(),      make(), {make(), make()},
          {{5, make()}}, {make(), 1}, make(), std::make_shared<H>(make())};
}

TYPED_TEST(HandlesInMotion, AreInsideOfThings) {
  using H = typename TestFixture::Kind;
  const typename TestFixture::template ChannelOf<Crate<H>> channel;
  channel.put(full_crate<H>());
  const Crate<H> crate = channel.get();
  EXPECT_EQ(crate.text, "text");
  for (const H& each : crate.all()) {
    EXPECT_TRUE(this->is_marked(each));
  }
}

TYPED_TEST(HandlesInMotion, AreObjects) {
  using H = typename TestFixture::Kind;
  const typename TestFixture::template ChannelOf<Object> channel;
  channel.put(Object(this->make()));
  EXPECT_TRUE(this->is_marked(channel.get().template as<H>()));
  channel.put(Object(std::vector{this->make()}));
  EXPECT_TRUE(this->is_marked(channel.get().template as<std::vector<H>>().front()));
}

TYPED_TEST(HandlesInMotion, AreCaptured) {
  using H = typename TestFixture::Kind;
  const typename TestFixture::template ChannelOf<Function<bool(int)>> channel;
  const H handle = this->make();
  channel.put([handle](int number) { return number == 3 && Handle<H>::is_marked(handle); });
  channel.put(partial([](const H& own, int) { return Handle<H>::is_marked(own); }, this->make()));
  EXPECT_TRUE(channel.get()(3));
  EXPECT_TRUE(channel.get()(3));
}

TYPED_TEST(HandlesInMotion, MayLiveInAMessageAlone) {
  using H = typename TestFixture::Kind;
  const auto before = use_now();
  {
    const typename TestFixture::template ChannelOf<std::vector<H>> channel;
    const auto with_channel = use_now().objects;
    channel.put({this->make(), this->make()});
    EXPECT_GE(use_now().objects, with_channel + 2);
    {
      const std::vector<H> got = channel.get();
      EXPECT_TRUE(this->is_marked(got.at(0)));
      EXPECT_TRUE(this->is_marked(got.at(1)));
    }
    EXPECT_EQ(use_now().objects, with_channel) << "those were the last handles";
    channel.put({this->make()});
  }
  EXPECT_EQ(use_now(), before) << "what nobody reads goes with the channel";
}

TYPED_TEST(HandlesInMotion, OutliveTheProcessThatMadeThem) {
  using H = typename TestFixture::Kind;
  using Channel = typename TestFixture::template ChannelOf<std::vector<H>>;
  const Channel channel;
  this->in_a_child(
      [](const Channel& out) {
        out.put({Handle<H>::make(), Handle<H>::make()});
      },
      channel);
  for (std::size_t i = 0; i < tested_start_methods().size(); ++i) {
    const std::vector<H> got = channel.get();
    EXPECT_TRUE(this->is_marked(got.at(0)));
    EXPECT_TRUE(this->is_marked(got.at(1)));
  }
}

TYPED_TEST(HandlesInMotion, OutliveTheProcessThatIsKilled) {
  using H = typename TestFixture::Kind;
  using Channel = typename TestFixture::template ChannelOf<H>;
  const Channel channel;
  run_and_die([&] { channel.put(this->make()); });
  notice_deaths();
  EXPECT_TRUE(this->is_marked(channel.get()));
}

TYPED_TEST(HandlesInMotion, GoThroughOtherProcesses) {
  using H = typename TestFixture::Kind;
  using Channel = typename TestFixture::template ChannelOf<Crate<H>>;
  const Channel there;
  const Channel back;
  there.put(full_crate<H>());
  this->in_a_child(
      [](const Channel& in, const Channel& out) {
        out.put(in.get());
        in.put(out.get());
      },
      there, back);
  for (const H& each : there.get().all()) {
    EXPECT_TRUE(this->is_marked(each));
  }
}

TYPED_TEST(HandlesInMotion, AreArguments) {
  using H = typename TestFixture::Kind;
  for (const StartMethod method : tested_start_methods()) {
    ProcessOptions options;
    options.start_method = method;
    Process child(
        options,
        [captured = this->make()](const H& handle, const Crate<H>& crate) {
          require(Handle<H>::is_marked(captured) && Handle<H>::is_marked(handle));
          for (const H& each : crate.all()) {
            require(Handle<H>::is_marked(each));
          }
        },
        this->make(), full_crate<H>());
    child.start();
    child.join(plenty);
    EXPECT_EQ(child.exitcode(), 0) << to_string(method);
  }
}

}  // namespace
}  // namespace multiprocess::test
