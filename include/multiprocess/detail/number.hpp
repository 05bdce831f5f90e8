// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace multiprocess::detail {

class OutputArchive;
class InputArchive;

template <class T>
inline constexpr bool is_number =
    std::is_arithmetic_v<T> && !std::is_same_v<std::remove_cv_t<T>, long double>;

/// One number of any type, as its own kind.
class Number {
 public:
  enum class Kind : unsigned char { boolean, integer, natural, real };

  Number() = default;
  template <class T>
  explicit Number(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      kind_ = Kind::boolean;
      natural_ = value;
    } else if constexpr (std::is_floating_point_v<T>) {
      kind_ = Kind::real;
      real_ = value;
    } else if constexpr (std::is_signed_v<T>) {
      kind_ = Kind::integer;
      integer_ = value;
    } else {
      kind_ = Kind::natural;
      natural_ = value;
    }
  }

  /// Into `result`, if the value is one of T's.
  template <class T>
  bool convert(T& result) const noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      double real = 0;
      if (!to_real(real) || (static_cast<double>(static_cast<T>(real)) != real && real == real)) {
        return false;
      }
      result = static_cast<T>(real);
      return true;
    } else if constexpr (std::is_signed_v<T>) {
      std::int64_t integer = 0;
      const bool fits = to_integer(integer) && static_cast<T>(integer) == integer;
      result = static_cast<T>(integer);
      return fits;
    } else {
      std::uint64_t natural = 0;
      const bool fits = to_natural(natural) && static_cast<T>(natural) == natural;
      result = static_cast<T>(natural);
      return fits;
    }
  }

  Kind kind() const noexcept { return kind_; }
  std::string repr() const;
  friend bool operator==(const Number& a, const Number& b) noexcept;

  void encode(OutputArchive& archive) const;
  static Number decode(InputArchive& archive);

 private:
  bool to_real(double& real) const noexcept;
  bool to_integer(std::int64_t& integer) const noexcept;
  bool to_natural(std::uint64_t& natural) const noexcept;

  Kind kind_ = Kind::boolean;
  union {
    std::int64_t integer_ = 0;
    std::uint64_t natural_;
    double real_;
  };
};

}  // namespace multiprocess::detail
