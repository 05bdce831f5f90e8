// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/type_name.hpp>

namespace multiprocess::detail {

namespace {

void replace_all(std::string& text, std::string_view old, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(old, at)) != text.npos; at += by.size()) {
    text.replace(at, old.size(), by);
  }
}

}  // namespace

std::string readable(std::string_view type) {
  std::string name(type);
  replace_all(name, "std::__cxx11::", "std::");
  replace_all(name, "std::basic_string<char>", "std::string");
  replace_all(name, " >", ">");
  return name;
}

}  // namespace multiprocess::detail
