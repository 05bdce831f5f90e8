// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/pfr/core.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

/// The members of aggregates. Boost.PFR reaches them, but counts wrongly where one is an array, and
/// with g++ 12 ends the compiler where one is a std::array of what is not trivial.
namespace multiprocess::detail {

/// Becomes whatever an initializer is needed for, but not the whole aggregate.
template <class T>
struct AnythingBut {
  template <class U>
  requires(!std::is_same_v<U, T>) operator U() const noexcept {
    std::terminate();  // never called; only that it could be is looked at
  }
};

/// Whether a T can be made of so many initializers.
template <class T, std::size_t Count>
consteval bool takes() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return requires {
      T{(void(I), AnythingBut<T>())...};
    };
  }
  (std::make_index_sequence<Count>());
}

/// Whether a T can be made of so many, then `{}` for a whole member, then so many more.
template <class T, std::size_t Before, std::size_t After>
consteval bool takes_around() {
  return
      []<std::size_t... I, std::size_t... J>(std::index_sequence<I...>, std::index_sequence<J...>) {
    return requires {
      T{(void(I), AnythingBut<T>())..., {}, (void(J), AnythingBut<T>())...};
    };
  }
  (std::make_index_sequence<Before>(), std::make_index_sequence<After>());
}

/// The largest number that is good, when Good is and Bad is not.
template <class IsGood, std::size_t Good, std::size_t Bad>
consteval std::size_t last_good() {
  if constexpr (Bad - Good <= 1) {
    return Good;
  } else {
    constexpr std::size_t middle = Good + (Bad - Good) / 2;
    if constexpr (IsGood::template is<middle>) {
      return last_good<IsGood, middle, Bad>();
    } else {
      return last_good<IsGood, Good, middle>();
    }
  }
}

template <class T>
struct InitializedBy {
  template <std::size_t N>
  static constexpr bool is = takes<T, N>();
};
template <class T, std::size_t Before>
struct InitializedAround {
  template <std::size_t N>
  static constexpr bool is = takes_around<T, Before, N>();
};

inline constexpr std::size_t most_fields = 100;

template <class T, std::size_t N = 0>
consteval std::size_t fewest_initializers() {
  if constexpr (N > most_fields || takes<T, N>()) {
    return N;
  } else {
    return fewest_initializers<T, N + 1>();
  }
}

template <class T, std::size_t Good>
consteval std::size_t most_initializers() {
  if constexpr (InitializedBy<T>::template is<2 * Good + 1>) {
    return most_initializers<T, 2 * Good + 1>();
  } else {
    return last_good<InitializedBy<T>, Good, 2 * Good + 1>();
  }
}

/// An array takes an initializer for each of its items unless it has braces of its own.
template <class T, std::size_t All, std::size_t Before = 0, std::size_t Found = 0>
consteval std::size_t count_fields() {
  if constexpr (Before >= All) {
    return Found;
  } else {
    constexpr std::size_t rest = All - Before - 1;
    if constexpr (takes_around<T, Before, rest>() || !takes_around<T, Before, 0>()) {
      return count_fields<T, All, Before + 1, Found + 1>();
    } else {
      constexpr std::size_t after = last_good<InitializedAround<T, Before>, 0, rest>();
      return count_fields<T, All, All - after, Found + 1>();
    }
  }
}

template <class T>
inline constexpr std::size_t field_count =
    count_fields<T, most_initializers<T, fewest_initializers<T>()>()>();

/// References to all members of an aggregate.
template <class T>
constexpr auto fields(T& value) noexcept {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>;
  static_assert(count <= most_fields,
                "multiprocess: an aggregate with more members than can be counted: give it "
                "serialize");
  return boost::pfr::detail::tie_as_tuple(value, boost::pfr::detail::size_t_<count>{});
}

template <std::size_t I, class T>
using field_type =
    std::remove_cv_t<std::remove_reference_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(
        std::declval<decltype(detail::fields(std::declval<T&>()))&>()))>>;

/// Calls `f(member)` for each, in their order.
template <class T, class F>
constexpr void for_each_field(T& value, F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] auto all = detail::fields(value);
    (f(boost::pfr::detail::sequence_tuple::get<I>(all)), ...);
  }
  (std::make_index_sequence<field_count<std::remove_const_t<T>>>());
}

template <class T>
inline constexpr bool has_array_field = []<std::size_t... I>(std::index_sequence<I...>) {
  return (std::is_array_v<field_type<I, T>> || ...);
}
(std::make_index_sequence<field_count<T>>());

}  // namespace multiprocess::detail
