// SPDX-License-Identifier: BSD-3-Clause
#include "pipe_name.hpp"

#include "system.hpp"

#include <algorithm>
#include <string_view>

namespace multiprocess::detail::os {

namespace {

constexpr std::string_view place_of_pipes = "\\\\.\\pipe\\";
constexpr std::size_t longest_name = 247;  // after the place

bool is_pipe_name(std::string_view path) {
  return path.size() > place_of_pipes.size() &&
         std::equal(place_of_pipes.begin(), place_of_pipes.end(), path.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

/// A slash would become a backslash, which no name may have.
std::wstring name_from(std::string_view text) {
  std::wstring name = to_wide(text);
  std::replace_if(
      name.begin(), name.end(), [](wchar_t each) { return each == L'/' || each == L'\\'; }, L'-');
  return to_wide(place_of_pipes) + name;
}

}  // namespace

std::wstring pipe_name(const std::string& path) {
  std::string_view name = path;
  std::string prefix;
  if (path.starts_with('\0')) {
    name.remove_prefix(1);
    prefix = "multiprocess-";
  } else if (is_pipe_name(path)) {
    name.remove_prefix(place_of_pipes.size());
  } else {
    throw last_error("the address '" + path +
                         "': on this system a path is the name of a pipe, "
                         R"(\\.\pipe\name)",
                     std::errc::invalid_argument);
  }
  if (prefix.size() + name.size() > longest_name) {
    throw last_error("the address '" + path + "': the name of a pipe has at most " +
                         std::to_string(longest_name) + " characters",
                     std::errc::filename_too_long);
  }
  return name_from(prefix.append(name));
}

}  // namespace multiprocess::detail::os
