// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/serialization.hpp>

#include <multiprocess/detail/show.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
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
using Containers = Types<std::vector<T>, std::vector<std::vector<T>>, std::optional<T>,
                         std::map<std::string, T>, std::unordered_map<std::string, T>>;

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

}  // namespace

std::string repr_of(const Object& object) {
  const std::string text =
      print_if_of<Types<char, std::vector<std::byte>, std::set<int>, std::set<std::string>>,
                  Containers<int>, Containers<std::int64_t>, Containers<double>,
                  Containers<std::string>, Containers<Object>, Pairs<int>, Pairs<double>,
                  Pairs<std::string>, Types<std::pair<Object, Object>>>(object,
                                                                        object.state_.tag());
  return text.empty() ? object.state_.repr() : text;
}

}  // namespace multiprocess::detail
