// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/exit.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace multiprocess {

namespace {

constinit std::terminate_handler next_handler = nullptr;

/// Nobody caught a SystemExit that was thrown below main.
[[noreturn]] void end_program() {
  try {
    if (const auto uncaught = std::current_exception()) {
      std::rethrow_exception(uncaught);
    }
  } catch (const SystemExit& exit) {
    if (exit.message() != nullptr) {
      std::fprintf(stderr, "%s\n", exit.message()->c_str());
    }
    std::exit(exit.code());
  } catch (...) {  // somebody else's matter
  }
  next_handler();
  std::abort();
}

void expect_exit() {
  static const bool expected = [] {
    next_handler = std::set_terminate(end_program);
    return true;
  }();
  static_cast<void>(expected);
}

}  // namespace

void exit(int code) {
  expect_exit();
  throw SystemExit(code);
}

void exit(std::string_view message) {
  expect_exit();
  throw SystemExit(message);
}

}  // namespace multiprocess
