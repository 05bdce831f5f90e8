// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/repr.hpp>

#include <fmt/format.h>  // the rest of what <fmt/core.h> declares, once here and not in each program

namespace multiprocess::detail {

namespace {

/// With the quotes that Python takes: single ones, unless that saves an escape.
template <class Write>
std::string in_quotes(std::string_view text, Write write) {
  const bool single =
      text.find('\'') == std::string_view::npos || text.find('"') != std::string_view::npos;
  const char quote = single ? '\'' : '"';
  std::string result(1, quote);
  for (const char c : text) {
    if (c == '\\' || c == quote) {
      (result += '\\') += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      (result += '\\') += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
    } else {
      write(result, c);
    }
  }
  return result += quote;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

void write_escaped(std::string& result, char c) {
  result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

std::string quoted(std::string_view text) {
  return in_quotes(text, [](std::string& result, char c) {
    is_control(c) ? write_escaped(result, c) : result.push_back(c);
  });
}

std::string quoted_bytes(std::string_view bytes) {
  return 'b' + in_quotes(bytes, [](std::string& result, char c) {
           is_control(c) || c > '~' || c < 0 ? write_escaped(result, c) : result.push_back(c);
         });
}

fmt::format_context::iterator format_text(const fmt::formatter<std::string>& formatter,
                                          const std::string& text, fmt::format_context& context) {
  return formatter.format(text, context);
}

std::string object_repr(std::string_view name, const void* object) {
  return fmt::format("<multiprocess.{} object at {}>", name, fmt::ptr(object));
}

}  // namespace multiprocess::detail
