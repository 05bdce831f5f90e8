// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/traceback.hpp>

#include <multiprocess/detail/os/symbols.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <vector>

namespace multiprocess::detail {
namespace {

constexpr int most_causes = 32;
constexpr std::size_t longest_name = 300;
void strip(std::string& text, std::string_view before, std::string_view after) {
  if (text.starts_with(before) && text.ends_with(after)) {
    text = text.substr(before.size(), text.size() - before.size() - after.size());
    text.erase(text.find_last_not_of(' ') + 1);
  }
}

/// A thrown T as text, if it is one of these.
template <class... T>
bool print_value(std::string& text) {
  const auto print = [&text]<class One>(const One*) {
    try {
      throw;
    } catch (const One& value) {
      text = fmt::format("{}", value);
      return true;
    } catch (...) {
      return false;
    }
  };
  return (print(static_cast<const T*>(nullptr)) || ...);
}

bool is_throw_machinery(const std::string& function) {
  constexpr std::array<std::string_view, 5> parts{"_Unwind_", "__cxa_throw", "__cxa_rethrow",
                                                  "std::rethrow_exception",
                                                  "multiprocess_guard_personality"};
  return std::any_of(parts.begin(), parts.end(),
                     [&](auto part) { return function.find(part) != function.npos; });
}

/// `a::b` of `_ZZN1a1bIT_EvvENKUlvE_clEv`: what a name begins with that nobody could make readable.
std::string start_of_mangled(std::string_view name) {
  const auto skip = [&name](std::string_view part) {
    const bool found = name.starts_with(part);
    name.remove_prefix(found ? part.size() : 0);
    return found;
  };
  skip("_Z");
  while (skip("Z") || skip("N") || skip("K")) {  // of something local, qualified, const
  }
  std::string start = skip("St") ? "std" : "";
  while (!name.empty() && name.front() >= '1' && name.front() <= '9') {
    std::size_t length = 0;
    for (; !name.empty() && name.front() >= '0' && name.front() <= '9'; name.remove_prefix(1)) {
      length = length * 10 + static_cast<std::size_t>(name.front() - '0');
    }
    start += start.empty() ? "" : "::";
    start += name.substr(0, length);
    name.remove_prefix(std::min(length, name.size()));
  }
  return start;
}

/// `std::apply` of `decltype(auto) std::apply<F, T>(F&&, T&) const`.
std::string bare_name(const std::string& whole) {
  if (whole.starts_with("_Z")) {
    return start_of_mangled(whole);
  }
  const std::string function = whole.substr(0, whole.find(" [clone "));
  std::string name;
  int depth = 0;
  for (const char c : function) {
    depth += c == '<' || c == '(' ? 1 : 0;
    if (depth == 0) {
      name += c;
    }
    depth -= c == '>' || c == ')' ? 1 : 0;
  }
  strip(name, "", " const");
  return name.substr(name.rfind(' ') + 1);
}

/// Calls that are there because of us, between the user's code and the guard.
bool is_plumbing(const std::string& function) {
  constexpr std::array<std::string_view, 8> starts{"multiprocess::detail::",
                                                   "multiprocess::Process::",
                                                   "std::function",
                                                   "std::_Function_handler",
                                                   "std::__invoke",
                                                   "std::invoke",
                                                   "std::apply",
                                                   "std::__apply_impl"};
  const std::string name = bare_name(function);
  return std::any_of(starts.begin(), starts.end(),
                     [&](auto start) { return name.starts_with(start); });
}

std::string line_of(const os::CodePlace& place) {
  std::string name = place.function.empty() ? "?" : readable(place.function);
  if (name.size() > longest_name) {
    name = name.substr(0, longest_name) + "...";
  }
  return fmt::format("  File \"{}\", at {:#x}, in {}\n", place.module, place.offset, name);
}

/// The calls that led to the throw, the most recent one last; empty when they are not known.
std::string calls_of(const std::exception_ptr& exception) {
  auto places = os::describe_calls(os::take_thrown_stack(exception));
  const auto thrower = std::find_if_not(places.begin(), places.end(), [](const auto& place) {
    return is_throw_machinery(place.function);
  });
  std::string lines;
  std::string all;
  for (auto place = places.rbegin(); place != std::make_reverse_iterator(thrower); ++place) {
    const std::string line = line_of(*place);
    all += line;
    lines += is_plumbing(place->function) ? "" : line;
  }
  lines = lines.empty() ? all : lines;  // all were ours: better too many lines than none
  return lines.empty() ? lines : "Traceback (most recent call last):\n" + lines;
}

std::string type_and_message() {
  try {
    throw;
  } catch (const RemoteTraceback& remote) {
    return fmt::format("multiprocess::RemoteTraceback: \n\"\"\"\n{}\"\"\"\n", remote.what());
  } catch (...) {
    const std::string message = current_exception_message();
    return current_exception_type() + (message.empty() ? "" : ": ") + message + "\n";
  }
}

std::string describe(int causes_left);

std::string describe_cause(int causes_left) {
  try {
    throw;
  } catch (const std::nested_exception& outer) {
    if (outer.nested_ptr() == nullptr || causes_left == 0) {
      return {};
    }
    try {
      outer.rethrow_nested();
    } catch (...) {
      return describe(causes_left - 1) +
             "\nThe above exception was the direct cause of the following exception:\n\n";
    }
  } catch (...) {
    return {};
  }
}

std::string describe(int causes_left) {
  const std::string calls = calls_of(std::current_exception());  // before anything is thrown anew
  return describe_cause(causes_left) + calls + type_and_message();
}

}  // namespace

std::string current_exception_type() {
  try {
    throw;
  } catch (const StandIn& other) {
    return os::readable_name(other.original_type().name());
  } catch (const RemoteError& remote) {
    return remote.type_name();
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    std::string name =
        type == nullptr ? "exception of another language" : os::readable_name(type->name());
    strip(name, "std::_Nested_exception<", ">");
    name = readable(name);
    return name;
  }
}

std::string current_exception_message() {
  try {
    throw;
  } catch (const RemoteError& remote) {
    return remote.message();
  } catch (const std::exception& error) {
    const char* const text = error.what();
    return text == nullptr ? "" : text;
  } catch (const SystemExit& exit) {
    return exit.message() != nullptr ? *exit.message() : std::to_string(exit.code());
  } catch (const char* text) {
    return text == nullptr ? "" : text;
  } catch (...) {
    std::string text;
    print_value<std::string, std::string_view, int, unsigned, long, unsigned long, long long,
                unsigned long long, short, unsigned short, char, bool, double, float>(text);
    return text;
  }
}

std::string describe_current_exception() {
  return describe(most_causes);
}

}  // namespace multiprocess::detail
