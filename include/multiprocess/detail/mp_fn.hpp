// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What MP_FN needs of the preprocessor: the list of parameters, one for each capture, of the
// function that makes the closure. They have the names of what they stand for, which -Wshadow would
// report where MP_FN is used.
#define MULTIPROCESS_QUIET \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#define MULTIPROCESS_LOUD _Pragma("GCC diagnostic pop")
#if defined(__clang__)
// A lambda around it could not name structured bindings.
#define MULTIPROCESS_MAKER(...) MULTIPROCESS_QUIET __VA_ARGS__ MULTIPROCESS_LOUD
#else
// Here a pragma must stand between statements.
#define MULTIPROCESS_MAKER(...)                                     \
  [] {                                                              \
    MULTIPROCESS_QUIET const auto multiprocess_maker = __VA_ARGS__; \
    MULTIPROCESS_LOUD return multiprocess_maker;                    \
  }()
#endif

#define MULTIPROCESS_PARENS ()
#define MULTIPROCESS_AGAIN(...) \
  MULTIPROCESS_AGAIN2(MULTIPROCESS_AGAIN2(MULTIPROCESS_AGAIN2(__VA_ARGS__)))
#define MULTIPROCESS_AGAIN2(...) \
  MULTIPROCESS_AGAIN1(MULTIPROCESS_AGAIN1(MULTIPROCESS_AGAIN1(__VA_ARGS__)))
#define MULTIPROCESS_AGAIN1(...) \
  MULTIPROCESS_AGAIN0(MULTIPROCESS_AGAIN0(MULTIPROCESS_AGAIN0(__VA_ARGS__)))
#define MULTIPROCESS_AGAIN0(...) __VA_ARGS__

#define MULTIPROCESS_TAKES(...) __VA_OPT__(MULTIPROCESS_AGAIN(MULTIPROCESS_TAKES_1(__VA_ARGS__)))
#define MULTIPROCESS_TAKES_1(name, ...)                                   \
  [[maybe_unused]] const ::std::decay_t<decltype(name)>& name __VA_OPT__( \
      , MULTIPROCESS_TAKES_AGAIN MULTIPROCESS_PARENS(__VA_ARGS__))
#define MULTIPROCESS_TAKES_AGAIN() MULTIPROCESS_TAKES_1

/// A lambda whose captures travel whatever they are (strings, containers, shared objects):
/// `MP_FN((k, name), (int x) { return k * x + int(name.size()); })`. The captures are copies,
/// named in parentheses, and const inside; the rest is what stands behind `[...]` of a lambda.
#define MP_FN(captures, ...)                         \
  ::multiprocess::detail::staged(MULTIPROCESS_MAKER( \
      [](MULTIPROCESS_TAKES captures) { return [&] __VA_ARGS__; }) MULTIPROCESS_PASS captures)
#define MULTIPROCESS_PASS(...) __VA_OPT__(, ) __VA_ARGS__
