// SPDX-License-Identifier: BSD-3-Clause
// What somebody without the key may say to a Listener or to a Client.
#include <multiprocess/listener.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/raw_array.hpp>

#include "support/hex.hpp"
#include "support/listening.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::connection::Options;
using mp::test::bytes_of;
using mp::test::from_hex;
using Frame = std::vector<std::byte>;

namespace {

/// A stream on which the test says what it likes.
class Raw {
 public:
  explicit Raw(os::Handle&& stream) : stream_(std::move(stream)) {}
  explicit Raw(const Address& to) : stream_(os::connect_to(to.where(), os::never)) {}

  void write(const Frame& bytes) const {
    try {
      os::write_all(stream_.get(), bytes);
    } catch (const std::system_error&) {  // it has been thrown out
    }
  }
  void send(const Frame& frame) const {
    Frame all{std::byte{}, std::byte{}, std::byte{}, static_cast<std::byte>(frame.size())};
    all.insert(all.end(), frame.begin(), frame.end());
    write(all);
  }
  /// Empty when it has been thrown out, as write() says nothing then.
  Frame receive() const try {
    Frame header(4);
    if (!os::read_all(stream_.get(), header)) {
      return {};
    }
    Frame frame(std::to_integer<std::size_t>(header[3]));
    os::read_all(stream_.get(), frame);
    return frame;
  } catch (const std::system_error&) {
    return {};
  }
  void hang_up() { stream_.reset(); }

 private:
  os::Handle stream_;
};

class Forgeries : public testing::TestWithParam<bool> {
 protected:
  static Options options() { return {.authkey = "secret", .strict = GetParam()}; }

  /// The attempt has failed, and the listener is as good as before.
  void expect_refused() {
    EXPECT_THROW(listener_.accept(20s), mp::AuthenticationError);
    EXPECT_NO_THROW(mp::test::meet(listener_, options()));
  }

  Listener listener_{{"127.0.0.1", 0}, options()};
};
INSTANTIATE_TEST_SUITE_P(Form, Forgeries, testing::Bool(), [](const auto& each) {
  return std::string(each.param ? "strict" : "python");
});

TEST_P(Forgeries, LengthBombs) {
  for (const char* const header : {"7fffffff", "ffffffff7fffffffffffffff",
                                   "ffffffff8000000000000000", "80000000", "00000101"}) {
    const Raw attacker(listener_.address());
    attacker.write(from_hex(header));
    expect_refused();
  }
}

TEST_P(Forgeries, TruncatedFrames) {
  for (const char* const bytes : {"", "00", "000000", "00000028", "000000280011"}) {
    Raw attacker(listener_.address());
    attacker.write(from_hex(bytes));
    attacker.hang_up();
    expect_refused();
  }
}

TEST_P(Forgeries, Garbage) {
  for (const char* const text : {"", "GET / HTTP/1.1", "#WELCOME#", "#FAILURE#", "#CHALLENGE#"}) {
    const Raw attacker(listener_.address());
    attacker.send(bytes_of(text));
    expect_refused();
  }
}

/// Whoever makes one of it from a message does what the sender wants.
struct Payload {
  template <class Archive>
  void save(Archive& archive) const {
    archive(7);
  }
  template <class Archive>
  void load(Archive& archive) {
    int order = 0;
    archive(order);
    (*obeyed)[0] = order;
  }

  static inline std::optional<mp::RawArray<int>> obeyed;  // by whatever process it is
};

class Payloads : public Forgeries {
 protected:
  Payloads() { Payload::obeyed.emplace(1); }
  ~Payloads() override { Payload::obeyed.reset(); }

  static int obeyed() { return (*Payload::obeyed)[0]; }
  static Frame message() {
    const auto [in, out] = mp::Pipe();
    out.send(Payload());
    return in.recv_bytes();
  }

  /// Serves one who has come, as servers do.
  void serve() { listener_.accept(20s).recv<Payload>(); }
};
INSTANTIATE_TEST_SUITE_P(Form, Payloads, testing::Bool(), [](const auto& each) {
  return std::string(each.param ? "strict" : "python");
});

TEST_P(Payloads, BeforeTheProofAreNotLookedAt) {
  const Frame payload = message();
  for (const int words : {0, 1, 2, 3}) {  // in whose place it is
    const std::jthread attack([this, words, &payload] {
      const Raw attacker(listener_.address());
      attacker.receive();
      for (int word = 1; word <= words; ++word) {
        attacker.send(bytes_of("#WELCOME#"));
        if (word != 3) {  // the last one has no answer
          attacker.receive();
        }
      }
      attacker.send(payload);
      attacker.receive();
    });
    EXPECT_THROW(serve(), mp::AuthenticationError);
    EXPECT_EQ(obeyed(), 0);
  }
  auto client = std::async(std::launch::async,
                           [this] { Client(listener_.address(), options()).send(Payload()); });
  serve();
  client.get();
  EXPECT_EQ(obeyed(), 7) << "of who has the key";
}

TEST_P(Forgeries, Reflection) {
  // The listener's own challenge comes back to it, as a challenge and as an answer.
  std::jthread attack([this] {
    const Raw attacker(listener_.address());
    attacker.send(attacker.receive());
    EXPECT_EQ(attacker.receive(), bytes_of("#FAILURE#"));
  });
  EXPECT_THROW(listener_.accept(20s), mp::AuthenticationError);
  attack.join();
  EXPECT_NO_THROW(mp::test::meet(listener_, options()));
}

TEST_P(Forgeries, ReflectionToAClient) {
  os::Handle listening = os::listen_at({"", "127.0.0.1", 0}, 1);
  const Address there(os::local_address(listening.get()));
  auto client = std::async(std::launch::async, [&] { return Client(there, options()); });
  os::wait_readable(listening.get(), os::never);
  const Raw attacker(std::move(os::accept_now(listening.get())->socket));
  const Frame mark = bytes_of(GetParam() ? "#CHALLENGE#{cpp-mp/1}" : "#CHALLENGE#{sha256}");
  Frame challenge = mark;
  challenge.resize(mark.size() + (GetParam() ? 32 : 40), std::byte{7});
  attacker.send(challenge);
  const Frame answer = attacker.receive();
  if (!GetParam()) {
    attacker.send(bytes_of("#WELCOME#"));
    attacker.receive();  // the client's challenge
  }
  attacker.send(answer);  // what it has proven itself
  EXPECT_THROW(client.get(), mp::AuthenticationError);
}

TEST_P(Forgeries, Replay) {
  // Somebody has recorded what a client once said, and says it again.
  std::vector<Frame> recorded;
  {
    mp::detail::Handshake client(
        mp::detail::Handshake::Role::client,
        {"secret", GetParam(), false, {mp::detail::place_of(listener_.address().where())}});
    const Raw line(listener_.address());
    auto accepted = std::async(std::launch::async, [&] { return listener_.accept(20s); });
    while (!client.is_over()) {
      const Frame frame = line.receive();
      client.receive(
          Frame{std::byte{}, std::byte{}, std::byte{}, static_cast<std::byte>(frame.size())});
      client.receive(frame);
      recorded.emplace_back(client.output().begin(), client.output().end());
      line.write(recorded.back());
      client.sent(recorded.back().size());
    }
    EXPECT_FALSE(client.has_failed()) << client.why();
    accepted.get();
  }
  const Raw attacker(listener_.address());
  for (const Frame& each : recorded) {
    attacker.write(each);
  }
  expect_refused();
}

TEST(Downgrade, NobodyIsTalkedIntoAWeakerForm) {
  // A client that would be content with MD5, and one that is strict or not.
  for (const bool strict : {false, true}) {
    Listener listener({"127.0.0.1", 0}, {.authkey = "secret", .strict = strict});
    for (const bool other_strict : {false, true}) {
      for (const bool md5 : {false, true}) {
        if (other_strict == strict || (other_strict && md5)) {
          continue;
        }
        auto client = std::async(std::launch::async, [&] {
          EXPECT_THROW(Client(listener.address(),
                              {.authkey = "secret", .strict = other_strict, .legacy_md5 = md5}),
                       mp::AuthenticationError);
        });
        EXPECT_THROW(listener.accept(20s), mp::AuthenticationError);
        client.get();
      }
    }
  }
}

TEST(Downgrade, AKeyHolderDoesNotAnswerWithMd5) {
  os::Handle listening = os::listen_at({"", "127.0.0.1", 0}, 1);
  const Address there(os::local_address(listening.get()));
  auto client =
      std::async(std::launch::async, [&] { return Client(there, {.authkey = "secret"}); });
  os::wait_readable(listening.get(), os::never);
  const Raw attacker(std::move(os::accept_now(listening.get())->socket));
  Frame old = bytes_of("#CHALLENGE#");
  old.resize(old.size() + 20, std::byte{1});
  attacker.send(old);
  EXPECT_THROW(client.get(), mp::AuthenticationError);
  EXPECT_EQ(attacker.receive(), Frame());
}

}  // namespace
