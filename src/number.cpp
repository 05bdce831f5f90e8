// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/number.hpp>

#include <multiprocess/detail/archive.hpp>

#include <fmt/format.h>

#include <cmath>

namespace multiprocess::detail {
namespace {

// 2 to the 63rd and 64th: the first doubles that are too large.
constexpr double end_of_integers = 9223372036854775808.0;
constexpr double end_of_naturals = 18446744073709551616.0;

std::string repr_of_real(double real) {
  if (!std::isfinite(real)) {
    return fmt::format("{}", real);
  }
  std::string text = fmt::format("{}", real);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

}  // namespace

bool Number::to_real(double& real) const noexcept {
  switch (kind_) {
    case Kind::real:
      real = real_;
      return true;
    case Kind::integer:
      real = static_cast<double>(integer_);
      return real < end_of_integers && static_cast<std::int64_t>(real) == integer_;
    case Kind::boolean:
    case Kind::natural:
      real = static_cast<double>(natural_);
      return real < end_of_naturals && static_cast<std::uint64_t>(real) == natural_;
  }
  return false;
}

bool Number::to_integer(std::int64_t& integer) const noexcept {
  switch (kind_) {
    case Kind::real:
      if (!(real_ >= -end_of_integers && real_ < end_of_integers)) {
        return false;
      }
      integer = static_cast<std::int64_t>(real_);
      return static_cast<double>(integer) == real_;
    case Kind::integer:
      integer = integer_;
      return true;
    case Kind::boolean:
    case Kind::natural:
      integer = static_cast<std::int64_t>(natural_);
      return integer >= 0;
  }
  return false;
}

bool Number::to_natural(std::uint64_t& natural) const noexcept {
  switch (kind_) {
    case Kind::real:
      if (!(real_ >= 0 && real_ < end_of_naturals)) {
        return false;
      }
      natural = static_cast<std::uint64_t>(real_);
      return static_cast<double>(natural) == real_;
    case Kind::integer:
      natural = static_cast<std::uint64_t>(integer_);
      return integer_ >= 0;
    case Kind::boolean:
    case Kind::natural:
      natural = natural_;
      return true;
  }
  return false;
}

std::string Number::repr() const {
  switch (kind_) {
    case Kind::boolean:
      return natural_ != 0 ? "True" : "False";
    case Kind::integer:
      return fmt::format("{}", integer_);
    case Kind::natural:
      return fmt::format("{}", natural_);
    case Kind::real:
      return repr_of_real(real_);
  }
  return {};
}

bool operator==(const Number& a, const Number& b) noexcept {
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (a.to_integer(x) && b.to_integer(y)) {
    return x == y;
  }
  std::uint64_t m = 0;
  std::uint64_t n = 0;
  if (a.to_natural(m) && b.to_natural(n)) {
    return m == n;
  }
  return a.kind_ == Number::Kind::real && b.kind_ == Number::Kind::real && a.real_ == b.real_;
}

void Number::encode(OutputArchive& archive) const {
  archive.put(kind_);
  archive.put(natural_);
}

Number Number::decode(InputArchive& archive) {
  const auto kind = archive.get<unsigned char>();
  if (kind > static_cast<unsigned char>(Kind::real)) {
    throw_damaged(archive.position(), "a number of an unknown kind");
  }
  Number number;
  number.kind_ = static_cast<Kind>(kind);
  number.natural_ = archive.get<std::uint64_t>();
  if (number.kind_ == Kind::boolean && number.natural_ > 1) {
    throw_damaged(archive.position(), "a bool that is neither true nor false");
  }
  return number;
}

}  // namespace multiprocess::detail
