// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/serialization.hpp>

#include <multiprocess/detail/show.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace multiprocess::detail {

namespace {

/// How an Object of one type prints. It is known here, and not by who makes the Object, so that it
/// prints alike where it has arrived, and programs do not pay for it.
struct Printer {
  std::uint64_t tag;
  std::string (*print)(const Object& object);
};

template <class T>
std::string print(const Object& object) {
  return show(object.as<T>());
}

template <class... T>
struct Types {
  static constexpr std::array<Printer, sizeof...(T)> printers() {
    return {Printer{type_tag<T>, &print<T>}...};
  }
};

template <class T>
using Containers =
    Types<std::vector<T>, std::vector<std::vector<T>>, std::optional<T>, std::map<std::string, T>,
          std::unordered_map<std::string, T>, std::map<int, T>, std::unordered_map<int, T>>;

template <class A, class... B>
using PairsWith = Types<std::pair<A, B>..., std::tuple<A, B>...>;
template <class T>
using Pairs = PairsWith<T, int, double, std::string>;

/// Empty when it is none of theirs.
template <class... List>
std::string print_if_of(const Object& object, std::uint64_t tag) {
  std::string text;
  const auto print_by = [&](const auto& printers) {
    const auto* const found =
        std::find_if(printers.begin(), printers.end(),
                     [tag](const Printer& printer) { return printer.tag == tag; });
    text = found == printers.end() ? std::string() : found->print(object);
    return found != printers.end();
  };
  (print_by(List::printers()) || ...);
  return text;
}

/// Objects within Objects come from outside, and may be many.
class Nesting {
 public:
  Nesting() noexcept { ++depth; }
  ~Nesting() { --depth; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  static bool is_deep() noexcept { return depth > 100; }

 private:
  static thread_local int depth;
};
constinit thread_local int Nesting::depth = 0;

/// Empty when it is of no such type.
std::string print_contents(const Object& object, std::uint64_t tag) {
  return print_if_of<Types<char, std::vector<std::byte>, std::set<int>, std::set<std::string>>,
                     Containers<int>, Containers<std::int64_t>, Containers<double>,
                     Containers<std::string>, Containers<Object>, Pairs<int>, Pairs<double>,
                     Pairs<std::string>, Types<std::pair<Object, Object>>>(object, tag);
}

}  // namespace

std::string repr_of(const Object& object) {
  const Nesting here;
  if (!Nesting::is_deep()) {
    try {
      if (std::string text = print_contents(object, object.state_.tag()); !text.empty()) {
        return text;
      }
    } catch (const std::exception& error) {  // its bytes are damaged, or descriptors are short
      log(SUBDEBUG, error.what());
    }
  }
  return object.state_.repr();
}

}  // namespace multiprocess::detail
