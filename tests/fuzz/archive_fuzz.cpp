// SPDX-License-Identifier: BSD-3-Clause
//
// The first byte says as what the others are decoded. Whatever they are, decoding throws one of our
// exceptions or makes a value that crosses unchanged.
#include "fuzz/fuzz.hpp"

#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/serialization.hpp>

#include <fmt/format.h>
#include <cereal/types/base_class.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/polymorphic.hpp>
#include <cereal/types/string.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

namespace multiprocess::test {

enum class Color : std::uint8_t { red, green };

struct Nothing {};

struct Flags {  // crosses as bytes, of which none is padding: that would not cross unchanged
  bool bold = false;
  Color color = Color::red;
  std::int16_t weight = 0;
  std::int32_t size = 0;
};

struct Person {
  std::string name;
  std::vector<std::string> friends;
  std::map<std::string, std::pair<int, double>> places;
  std::optional<Color> color;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
};

struct Chain {
  int number = 0;
  std::unique_ptr<Chain> next;
};

class Account {
 public:
  Account() = default;
  explicit Account(int cents) : cents_(cents), notes_{"first"} {}

 private:
  friend class cereal::access;
  template <class Archive>
  void serialize(Archive& archive, std::uint32_t version) {
    archive(CEREAL_NVP(cents_), notes_);
    if (version > 1) {
      archive(size_);
    }
  }
  int cents_ = 0;
  std::vector<std::string> notes_;
  std::uint64_t size_ = 0;
};

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const { return 0; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
  std::string name;
};
struct Square final : Shape {
  double area() const override { return side * side; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), side);
  }
  double side = 0;
};
struct Polygon final : Shape {
  double area() const override { return corners.empty() ? 0 : corners.front(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), corners);
  }
  std::vector<double> corners;
};
struct Animal {
  virtual ~Animal() = default;
  virtual std::size_t legs() const { return ages.size(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(ages);
  }
  std::vector<int> ages;
};
struct Ark {
  std::vector<std::shared_ptr<Shape>> shapes;
  std::vector<std::shared_ptr<Animal>> animals;
  std::shared_ptr<Person> captain;
  std::shared_ptr<const std::string> name;
  std::vector<std::shared_ptr<Person>> crew;
};

}  // namespace multiprocess::test

CEREAL_CLASS_VERSION(multiprocess::test::Account, 2)
CEREAL_REGISTER_TYPE(multiprocess::test::Square)
CEREAL_REGISTER_TYPE(multiprocess::test::Polygon)

namespace multiprocess::test {
namespace {

using detail::Bytes;

Ark ark() {
  Ark made;
  const auto square = std::make_shared<Square>();
  square->side = 2;
  const auto polygon = std::make_shared<Polygon>();
  polygon->corners = {1, 2, 3};
  made.shapes = {square, polygon, square, nullptr, std::make_shared<Shape>()};
  made.animals = {std::make_shared<Animal>(), nullptr};
  made.captain = std::make_shared<Person>();
  made.captain->name = "Ada";
  made.name = std::make_shared<const std::string>("Argo");
  made.crew = {made.captain, std::make_shared<Person>(), made.captain};
  return made;
}

Chain chain() {
  Chain first{1, std::make_unique<Chain>()};
  first.next->number = 2;
  return first;
}

/// One value of each kind of type that can cross.
auto examples() {
  using namespace std::string_literals;
  Person ada{"Ada", {"Charles", ""}, {{"London", {1, 2.5}}}, Color::green};
  Tree tree{"root", {{"left", {}}, {"right", {{"leaf", {}}}}}};
  std::priority_queue<int> heap;
  heap.push(3);
  heap.push(1);
  return std::make_tuple(
      42, -1.5, true, 'x', 1.5L, Color::green, "some text"s, u"wide \u20ac"s,
      std::vector<int>{1, 2, 3}, std::vector<double>(200, 0.5), std::vector<bool>{true, false},
      std::vector<std::string>{"a", "", std::string(300, 'b')},
      std::vector<std::vector<std::vector<int>>>{{{1}, {}}, {}}, std::list<short>{1, 2},
      std::deque<std::string>{"x"}, std::array<int, 3>{1, 2, 3},
      std::array<std::string, 2>{"1", "2"}, std::set<std::string>{"a", "b"},
      std::multiset<int>{1, 1}, std::map<int, std::string>{{1, "one"}},
      std::multimap<std::string, int>{{"a", 1}, {"a", 2}}, std::unordered_set<int>{7},
      std::unordered_map<std::string, std::vector<int>>{{"k", {1}}},
      std::optional<std::string>("o"), std::variant<int, std::string, Flags>("v"s),
      std::tuple<int, std::string, double>{1, "t", 2.5}, std::pair<bool, char>{true, 'p'},
      std::stack<int>({1, 2}), std::queue<std::string>({"q"}), std::move(heap),
      std::make_unique<std::string>("u"), std::make_shared<int>(5),
      std::vector<std::shared_ptr<std::string>>(2, std::make_shared<std::string>("both")),
      std::filesystem::path("/some/where"), std::make_error_code(std::errc::broken_pipe),
      std::chrono::milliseconds(5), std::complex<double>(1, 2), std::bitset<70>(5), Nothing{},
      std::vector<Nothing>(3), std::vector<std::vector<Nothing>>(2, std::vector<Nothing>(2)),
      Flags{true, Color::red, 400, 9}, std::vector<Flags>(2), ada, std::move(tree), chain(),
      Account(17), std::vector<Account>(2), ark(), Object(std::vector<int>{4}), Object("text"),
      Object(), Object(2.5), std::vector<Object>{Object(1), Object("two"), Object()},
      std::monostate{},
      detail::RemoteException{
          "T", "message", "traceback", "std::runtime_error", true, 1, 2, {"a", "b"}, "", 0, ""});
}
using Examples = decltype(examples());

/// Equal values are equal bytes: not those of a hashed container, which come in any order, nor of a
/// long double, some of which belong to nothing.
template <class T>
inline constexpr bool has_one_form = !std::is_same_v<T, long double> && !requires {
  typename T::hasher;
};

void use(const detail::RemoteException& error) {
  try {
    detail::rethrow(error);
  } catch (...) {
    require(std::current_exception() != nullptr, "an exception is thrown again");
  }
}
void use(const Ark& ark) {
  volatile double sum = 0;
  for (const auto& shape : ark.shapes) {
    sum = sum + (shape == nullptr ? 0 : shape->area());
  }
  for (const auto& animal : ark.animals) {
    sum = sum + (animal == nullptr ? 0.0 : static_cast<double>(animal->legs()));
  }
}
template <class T>
void use(const T&) {}

template <class T>
void decode_as(Bytes bytes) {
  std::optional<T> value;
  try {
    value.emplace(detail::decode<T>(bytes));
  } catch (const ValueError&) {
    return;
  } catch (const TypeError&) {  // NotSendable too
    return;
  }
  use(*value);
  const std::vector<std::byte> once = detail::encode(*value);
  const T again = detail::decode<T>(once);
  require(!has_one_form<T> || detail::encode(again) == once, "what was decoded crosses unchanged");
}

/// As recv() does, with the type's tag in front.
template <class T>
void read_as_message(Bytes bytes) {
  try {
    detail::InputArchive archive(bytes);
    detail::read_message<T>(archive);
    archive.expect_end();
  } catch (const ValueError&) {
  } catch (const TypeError&) {  // NotSendable too
  }
}

template <class T>
std::vector<std::byte> message(const T& value) {
  detail::ScratchBuffer buffer;
  detail::OutputArchive archive(*buffer);
  detail::save_message<T>(archive, &value);
  const Bytes bytes = buffer->bytes();
  return {bytes.begin(), bytes.end()};
}

using Decode = void (*)(Bytes);

template <std::size_t... I>
constexpr auto make_decoders(std::index_sequence<I...>) {
  return std::array<Decode, sizeof...(I) + 3>{&decode_as<std::tuple_element_t<I, Examples>>...,
                                              &read_as_message<Object>, &read_as_message<int>,
                                              &read_as_message<Person>};
}
constexpr auto decoders = make_decoders(std::make_index_sequence<std::tuple_size_v<Examples>>());

std::vector<std::byte> with_kind(std::size_t kind, const std::vector<std::byte>& bytes) {
  std::vector<std::byte> input{static_cast<std::byte>(kind)};
  input.insert(input.end(), bytes.begin(), bytes.end());
  return input;
}

/// `std::vector<std::pair<int, bool>>` makes `value_08_vector_pair_int_bool`.
template <class T>
std::string file_name(std::size_t kind) {
  constexpr std::string_view characters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::array<std::string_view, 6> without = {"",     "std",          "cxx11",
                                                       "test", "multiprocess", "basic"};
  std::string name = fmt::format("value_{:02}", kind);
  for (std::string_view rest = detail::type_name<T>(); !rest.empty() && name.size() < 40;) {
    const std::size_t end = std::min(rest.find_first_not_of(characters), rest.size());
    const std::string_view word = rest.substr(0, end);
    if (std::find(without.begin(), without.end(), word) == without.end()) {
      name.append("_").append(word);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return name;
}

}  // namespace

std::vector<Seed> seeds() {
  std::vector<Seed> all;
  const Examples values = examples();
  const auto add = [&]<class T>(const T& value) {
    all.push_back({file_name<T>(all.size()), with_kind(all.size(), detail::encode(value))});
  };
  std::apply([&](const auto&... value) { (add(value), ...); }, values);
  const std::size_t first = std::tuple_size_v<Examples>;
  all.push_back({"message_object", with_kind(first, message(Object("held")))});
  all.push_back({"message_text", with_kind(first, message(std::string("any")))});
  all.push_back({"message_int", with_kind(first + 1, message(42))});
  all.push_back({"message_number", with_kind(first + 1, message(Object(42.0)))});
  all.push_back({"message_person", with_kind(first + 2, message(Person{"Ada", {}, {}, {}}))});
  return all;
}

}  // namespace multiprocess::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace multiprocess::test;
  Input input(data, size);
  const std::size_t kind = input.byte();
  decoders[kind % decoders.size()](input.rest());
  return 0;
}
