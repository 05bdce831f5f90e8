// SPDX-License-Identifier: BSD-3-Clause
// A client of the manager at the address in its argument; it says what went wrong.
#include "support/named_calls.hpp"

#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <exception>

namespace mp = multiprocess;

namespace {

/// What only programs of one build can do.
std::string use_arguments(const mp::SyncManager& manager) {
  try {
    manager.create<mp::test::Tally>(7);
  } catch (const mp::NotSendable& error) {
    const std::string text = error.what();
    return text.find("same build") == std::string::npos ? text : std::string();
  }
  return "arguments of a constructor";
}

}  // namespace

int main(int, char** arguments) {
  std::string wrong;
  try {
    mp::SyncManager manager(mp::Address(arguments[1]), "secret");
    manager.connect();
    wrong = mp::test::use_names(manager);
    wrong += use_arguments(manager);
  } catch (const std::exception& error) {
    wrong += error.what();
  }
  fmt::print("{}\n", wrong);
  return wrong.empty() ? 0 : 1;
}
