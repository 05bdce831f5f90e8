// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/repr.hpp>

#include <fmt/format.h>  // the rest of what <fmt/core.h> declares, once here and not in each program

namespace multiprocess::detail {

std::string quoted(const std::string& text) {
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  std::string result(1, single ? '\'' : '"');
  for (const char c : text) {
    if (c == '\\' || (single && c == '\'')) {
      result += '\\';
    }
    result += c;
  }
  return result += result.front();
}

fmt::format_context::iterator format_text(const fmt::formatter<std::string>& formatter,
                                          const std::string& text, fmt::format_context& context) {
  return formatter.format(text, context);
}

}  // namespace multiprocess::detail
