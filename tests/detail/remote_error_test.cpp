// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <any>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <system_error>
#include <variant>

namespace mp = multiprocess;
namespace detail = multiprocess::detail;

namespace {

detail::RemoteException pack(const std::function<void()>& fail) {
  try {
    fail();
  } catch (...) {
    return detail::pack_current_exception();
  }
  return {};
}

/// What another process would see of `fail()`, caught as E.
template <class E, class See>
void arrives(const std::function<void()>& fail, See see) {
  try {
    detail::rethrow(pack(fail));
  } catch (const E& error) {
    see(error);
  } catch (...) {
    ADD_FAILURE() << detail::describe_current_exception();
  }
}

/// Checks that the very type and text arrive, with the traceback nested.
template <class E>
void arrives_as_itself(const E& sent) {
  arrives<E>([&] { throw E(sent); },
             [&](const E& got) {
               EXPECT_STREQ(got.what(), sent.what());
               EXPECT_EQ(dynamic_cast<const mp::RemoteError*>(&got), nullptr) << got.what();
               try {
                 std::rethrow_if_nested(got);
                 ADD_FAILURE() << "no traceback in " << got.what();
               } catch (const mp::RemoteTraceback& traceback) {
                 EXPECT_NE(std::string(traceback.what()).find(sent.what()), std::string::npos);
               }
             });
}

template <class... E>
void arrive_as_themselves_with_text() {
  (arrives_as_itself(E("some text")), ...);
}

template <class... E>
void arrive_as_themselves() {
  (arrives_as_itself(E()), ...);
}

TEST(RemoteError, StdTypesArriveAsThemselves) {
  arrive_as_themselves_with_text<std::logic_error, std::invalid_argument, std::domain_error,
                                 std::length_error, std::out_of_range, std::runtime_error,
                                 std::range_error, std::overflow_error, std::underflow_error>();
  arrive_as_themselves<std::bad_alloc, std::bad_array_new_length, std::bad_cast, std::bad_typeid,
                       std::bad_any_cast, std::bad_exception, std::bad_function_call,
                       std::bad_weak_ptr, std::bad_optional_access, std::bad_variant_access,
                       std::exception>();
  arrives_as_itself(std::future_error(std::future_errc::no_state));
}

TEST(RemoteError, OursArriveAsThemselves) {
  arrive_as_themselves_with_text<
      mp::ProcessError, mp::TimeoutError, mp::TaskTimeout, mp::OwnerDied, mp::AuthenticationError,
      mp::BrokenProcessPool, mp::Cancelled, mp::Empty, mp::Full, mp::ShutDown,
      mp::BrokenBarrierError, mp::EOFError, mp::RuntimeError, mp::ValueError, mp::TypeError,
      mp::AssertionError, mp::NotSendable, mp::MaybeEncodingError, mp::KeyError, mp::IndexError,
      mp::AttributeError, mp::RemoteTraceback>();
}

TEST(RemoteError, OursKeepTheirData) {
  const mp::BufferTooShort too_short({std::byte{1}, std::byte{0}, std::byte{255}});
  arrives_as_itself(too_short);
  arrives<mp::BufferTooShort>(
      [&] { throw too_short; },
      [&](const mp::BufferTooShort& got) { EXPECT_EQ(got.message(), too_short.message()); });
  arrives_as_itself(mp::WorkerDied(17, -9));
  arrives<mp::WorkerDied>([] { throw mp::WorkerDied(17, -9); },
                          [](const mp::WorkerDied& got) {
                            EXPECT_EQ(got.pid(), 17);
                            EXPECT_EQ(got.exitcode(), -9);
                          });
}

TEST(RemoteError, SystemErrorsKeepCodeAndText) {
  const auto code = std::make_error_code(std::errc::no_such_file_or_directory);
  for (const std::system_error& sent : {std::system_error(code), std::system_error(code, "open x"),
                                        std::system_error(104, std::system_category(), "")}) {
    arrives_as_itself(sent);
    arrives<std::system_error>(
        [&] { throw sent; },
        [&](const std::system_error& got) { EXPECT_EQ(got.code(), sent.code()); });
  }
  arrives_as_itself(std::ios_base::failure("cannot read"));
  arrives_as_itself(std::filesystem::filesystem_error("copy", "a", "b", code));
  arrives<std::filesystem::filesystem_error>(
      [] { (void)std::filesystem::file_size("/nowhere at all"); },
      [](const std::filesystem::filesystem_error& got) {
        EXPECT_EQ(got.path1(), "/nowhere at all");
        EXPECT_EQ(got.code(), std::errc::no_such_file_or_directory);
      });
}

TEST(RemoteError, TextsOfTheLibraryOwnThrowsArrive) {
  const auto expect_same_text = [](const std::function<void()>& fail) {
    const std::string sent = pack(fail).message;
    arrives<std::exception>(fail, [&](const std::exception& got) { EXPECT_EQ(got.what(), sent); });
  };
  expect_same_text([] { throw std::regex_error(std::regex_constants::error_paren); });
  expect_same_text([] { (void)std::any_cast<int>(std::any()); });
  expect_same_text([] { (void)std::get<0>(std::variant<int, char>('x')); });
  expect_same_text([] { std::ifstream("/nowhere").exceptions(std::ios::failbit); });
}

struct Soup : std::error_category {
  const char* name() const noexcept override { return "soup"; }
  std::string message(int) const override { return "too salty"; }
};

TEST(RemoteError, CategoriesThatAreNotHereKeepNameAndMessage) {
  static const Soup soup;
  arrives<std::system_error>([] { throw std::system_error(2, soup, "dinner"); },
                             [](const std::system_error& got) {
                               EXPECT_STREQ(got.what(), "dinner: too salty");
                               EXPECT_STREQ(got.code().category().name(), "soup");
                               EXPECT_EQ(got.code().value(), 2);
                             });
}

struct Mishap : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

const auto throw_mishap = [] { throw Mishap("bad luck"); };

TEST(RemoteError, UnknownTypesArriveAsTheirNearestBase) {
  arrives<std::invalid_argument>(throw_mishap, [](const std::invalid_argument& got) {
    EXPECT_STREQ(got.what(), "(anonymous namespace)::Mishap: bad luck");
  });
  arrives<mp::RemoteError>(throw_mishap, [](const mp::RemoteError& got) {
    EXPECT_EQ(got.type_name(), "(anonymous namespace)::Mishap");
    EXPECT_EQ(got.message(), "bad luck");
    EXPECT_EQ(got.traceback(), "(anonymous namespace)::Mishap: bad luck\n");
    EXPECT_NE(dynamic_cast<const std::nested_exception*>(&got), nullptr);
  });
}

TEST(RemoteError, ThrownValuesArriveAsRuntimeErrors) {
  const auto check = [](const std::function<void()>& fail, const char* text) {
    arrives<std::runtime_error>(fail, [&](const auto& got) { EXPECT_STREQ(got.what(), text); });
  };
  check([] { throw 5; }, "int: 5");
  check([] { throw "words"; }, "char const*: words");
  check([] { throw std::string("words"); }, "std::string: words");
}

TEST(RemoteError, PassesThroughSeveralProcesses) {
  const auto relay = [](const std::function<void()>& fail) {
    return [fail] { detail::rethrow(pack(fail)); };
  };
  arrives<std::invalid_argument>(relay(relay(throw_mishap)), [](const auto& got) {
    const auto& remote = dynamic_cast<const mp::RemoteError&>(got);
    EXPECT_EQ(remote.type_name(), "(anonymous namespace)::Mishap");
    EXPECT_EQ(remote.message(), "bad luck");
    EXPECT_NE(remote.traceback().find("multiprocess::RemoteTraceback: \n\"\"\"\n"),
              std::string::npos);
  });
  arrives<mp::WorkerDied>(relay([] { throw mp::WorkerDied(1, 2); }), [](const auto& got) {
    EXPECT_EQ(got.exitcode(), 2);
    EXPECT_EQ(dynamic_cast<const mp::RemoteError*>(&got), nullptr);
  });
  arrives<std::bad_variant_access>(
      relay([] { (void)std::get<0>(std::variant<int, char>('x')); }),
      [](const auto& got) { EXPECT_EQ(dynamic_cast<const mp::RemoteError*>(&got), nullptr); });
}

TEST(RemoteError, NestedExceptionsArriveAsTheOuterOne) {
  const auto fail = [] {
    try {
      throw_mishap();
    } catch (...) {
      std::throw_with_nested(mp::KeyError("k"));
    }
  };
  arrives<mp::KeyError>(fail, [](const mp::KeyError& got) {
    EXPECT_STREQ(got.what(), "k");
    EXPECT_EQ(dynamic_cast<const mp::RemoteError*>(&got), nullptr);
    EXPECT_THROW(std::rethrow_if_nested(got), mp::RemoteTraceback);
  });
  EXPECT_NE(pack(fail).traceback.find("bad luck"), std::string::npos);
}

TEST(RemoteError, DamagedOnesStillThrow) {
  EXPECT_THROW(detail::rethrow({}), std::runtime_error);
  detail::RemoteException damaged =
      pack([] { (void)std::filesystem::file_size("/nowhere at all"); });
  damaged.texts.clear();
  EXPECT_THROW(detail::rethrow(damaged), std::filesystem::filesystem_error);
}

}  // namespace
