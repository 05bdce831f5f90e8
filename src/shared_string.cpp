// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_string.hpp>

#include <multiprocess/detail/type_name.hpp>

#include <cstring>

namespace multiprocess {

namespace {

constexpr std::uint64_t tag = detail::hash_text("SharedString");

}  // namespace

SharedString::SharedString() : Sequence(tag, 1) {}

SharedString::SharedString(std::string_view text) : SharedString() {
  assign(text);
}

std::string SharedString::str() const {
  const Hold hold(*this);
  return {reinterpret_cast<const char*>(data()), count()};
}

void SharedString::assign(std::string_view text) const {
  const Hold hold(*this, State::any);
  replace(text.data(), text.size());
}

void SharedString::append(std::string_view text) const {
  const Hold hold(*this);
  if (!text.empty()) {
    std::memcpy(extend(text.size()), text.data(), text.size());
    set_count(count() + text.size());
  }
}

std::string mp_repr(const SharedString& text) {
  return "SharedString(" + detail::quoted(text.str()) + ")";
}

void SharedString::require_kind(const detail::SharedRef& received) {
  require_sequence(received, tag, "SharedString");
}

}  // namespace multiprocess
