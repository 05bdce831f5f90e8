// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/register_exception.hpp>

#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace mp = multiprocess;
namespace detail = multiprocess::detail;

namespace {

/// Made again from its text; final, so that no traceback can be nested in it.
class PlainMishap final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ParseError : public std::exception {
 public:
  ParseError() = default;
  ParseError(int line, std::vector<std::string> expected)
      : line_(line), expected_(std::move(expected)) {}
  const char* what() const noexcept override { return "cannot parse"; }
  int line() const { return line_; }
  const std::vector<std::string>& expected() const { return expected_; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(line_, expected_);
  }

 private:
  int line_ = 0;
  std::vector<std::string> expected_;
};

/// No std::exception at all.
struct Signal {
  int number = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
};

/// Cannot be written.
struct Unspeakable : std::runtime_error {
  Unspeakable() : std::runtime_error("unspeakable") {}
  template <class Archive>
  void serialize(Archive&) {
    throw std::domain_error("it is secret");
  }
};

struct Derived : ParseError {
  using ParseError::ParseError;
};

const auto token = mp::register_exception<PlainMishap>();

[[maybe_unused]] void never_called() {
  mp::register_exception<ParseError>();
  mp::register_exception<Signal>();
  mp::register_exception<Unspeakable>();
}

template <class Fail>
detail::RemoteException pack(Fail fail) {
  try {
    fail();
  } catch (...) {
    return detail::pack_current_exception();
  }
  return {};
}

TEST(RegisterException, OneMadeFromItsTextArrives) {
  EXPECT_NE(token.registration, nullptr);
  try {
    detail::rethrow(pack([] { throw PlainMishap("oh no"); }));
  } catch (const PlainMishap& got) {
    EXPECT_STREQ(got.what(), "oh no");
  }
}

TEST(RegisterException, OneWithSerializeArrivesWithItsMembers) {
  try {
    detail::rethrow(pack([] { throw ParseError(7, {"(", "["}); }));
  } catch (const ParseError& got) {
    EXPECT_EQ(got.line(), 7);
    EXPECT_EQ(got.expected(), (std::vector<std::string>{"(", "["}));
    EXPECT_THROW(std::rethrow_if_nested(got), mp::RemoteTraceback);
  }
}

TEST(RegisterException, OneWithoutStdBaseArrives) {
  try {
    detail::rethrow(pack([] { throw Signal{9}; }));
  } catch (const Signal& got) {
    EXPECT_EQ(got.number, 9);
  }
}

TEST(RegisterException, DoesNotCoverWhatIsDerivedFromIt) {
  try {
    detail::rethrow(pack([] { throw Derived(1, {}); }));
  } catch (const ParseError&) {
    ADD_FAILURE() << "a Derived is more than a ParseError";
  } catch (const mp::RemoteError& got) {
    EXPECT_EQ(got.type_name(), "(anonymous namespace)::Derived");
  }
}

TEST(RegisterException, ProgramsThatDoNotKnowTheTypeGetTheBase) {
  detail::RemoteException packed = pack([] { throw PlainMishap("oh no"); });
  packed.registered_type = "11PlainMishap";
  try {
    detail::rethrow(packed);
  } catch (const PlainMishap&) {
    ADD_FAILURE() << "this program has no type of that name";
  } catch (const std::runtime_error& got) {
    EXPECT_STREQ(got.what(), "(anonymous namespace)::PlainMishap: oh no");
  }
}

TEST(RegisterException, DamagedPayloadIsAValueError) {
  detail::RemoteException packed = pack([] { throw ParseError(7, {"(", "["}); });
  packed.payload.resize(3);
  EXPECT_THROW(detail::rethrow(packed), mp::ValueError);
}

TEST(RegisterException, PackedExceptionsAreSendable) {
  detail::ByteBuffer buffer;
  detail::OutputArchive out(buffer);
  out(pack([] { throw ParseError(7, {"(", "["}); }));
  detail::InputArchive in(buffer.bytes());
  try {
    detail::rethrow(detail::read_value<detail::RemoteException>(in));
  } catch (const ParseError& got) {
    EXPECT_EQ(got.line(), 7);
  }
}

TEST(RegisterException, OneThatCannotBeWrittenArrivesAsItsBase) {
  try {
    detail::rethrow(pack([] { throw Unspeakable(); }));
    FAIL();
  } catch (const Unspeakable&) {
    FAIL();
  } catch (const std::runtime_error& got) {
    const auto& remote = dynamic_cast<const mp::RemoteError&>(got);
    EXPECT_EQ(remote.message(), "unspeakable");
    EXPECT_NE(remote.traceback().find("std::domain_error: it is secret"), std::string::npos);
  }
}

}  // namespace
