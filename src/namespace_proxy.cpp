// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/namespace_proxy.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess {

void NamespaceProxy::throw_missing(std::string_view name) {
  throw AttributeError(fmt::format("'Namespace' object has no attribute '{}'", name));
}

detail::Blob NamespaceProxy::read(std::string_view name) const {
  detail::ProxyCall call = this->call(Method::find);
  call.put_text(name);
  detail::Answer answer = call.send();
  if (!answer.get_bool()) {
    throw_missing(name);
  }
  return answer.get_blob();
}

void NamespaceProxy::put(std::string_view name, const Object& value) const {
  detail::ProxyCall call = this->call(Method::set);
  call.put_text(name);
  call.put_value(value);
  call.send();
}

void NamespaceProxy::del(std::string_view name) const {
  detail::ProxyCall call = this->call(Method::erase);
  call.put_text(name);
  if (!call.send().get_bool()) {
    throw_missing(name);
  }
}

bool NamespaceProxy::contains(std::string_view name) const {
  detail::ProxyCall call = this->call(Method::find);
  call.put_text(name);
  return call.send().get_bool();
}

std::vector<std::string> NamespaceProxy::names() const {
  detail::Answer answer = call(Method::items).send();
  std::vector<std::string> names;
  for (std::uint64_t left = answer.get(); left != 0; --left) {
    names.emplace_back(answer.get_text());
    answer.get_blob();
  }
  return names;
}

std::string mp_repr(const NamespaceProxy& space) {
  detail::Answer answer = space.call(NamespaceProxy::Method::items).send();
  std::string text;
  for (std::uint64_t left = answer.get(); left != 0; --left) {
    const std::string name(answer.get_text());
    const auto value = answer.get_value<Object>();
    if (!name.starts_with('_')) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, mp_repr(value));
    }
  }
  return fmt::format("Namespace({})", text);
}

bool NamespaceProxy::Place::replace(const detail::Blob& before, const Object& value) const {
  detail::ProxyCall call = space.call(Method::replace);
  call.put_text(name);
  call.put_blob(before);
  call.put_value(value);
  return call.send().get_bool();
}

}  // namespace multiprocess
