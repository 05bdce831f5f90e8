// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/context.hpp>

#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/launch.hpp>
#include <multiprocess/detail/os/process.hpp>

#include <fmt/format.h>

namespace multiprocess {

namespace {

StartMethod find_method(std::string_view name) {
  for (const std::string& known : get_all_start_methods()) {
    if (known == name) {
      return parse_start_method(name);
    }
  }
  throw ValueError(fmt::format("cannot find context for '{}'", name));
}

void choose(std::optional<StartMethod> method, bool force) {
  if (detail::chosen_start_method() && !force) {
    throw RuntimeError("context has already been set");
  }
  detail::choose_start_method(method);
  if (!method && !force) {
    detail::fixed_start_method();
  }
}

}  // namespace

Context get_context(std::string_view method) {
  return Context(method.empty() ? std::nullopt : std::optional(find_method(method)));
}

Context get_context(StartMethod method) {
  return Context(find_method(to_string(method)));
}

void set_start_method(std::optional<std::string_view> method, bool force) {
  choose(method ? std::optional(find_method(*method)) : std::nullopt, force);
}

void set_start_method(StartMethod method, bool force) {
  set_start_method(to_string(method), force);
}

std::optional<std::string> get_start_method(bool allow_none) {
  const auto method =
      allow_none ? detail::chosen_start_method() : std::optional(detail::fixed_start_method());
  return method ? std::optional(std::string(to_string(*method))) : std::nullopt;
}

std::vector<std::string> get_all_start_methods() {
  return detail::os::can_fork() ? std::vector<std::string>{"fork", "spawn", "forkserver"}
                                : std::vector<std::string>{"spawn"};
}

void set_executable(std::string path) {
  detail::set_spawned_program(std::move(path));
}

void set_forkserver_preload(std::vector<std::string> libraries) {
  detail::set_server_preload(std::move(libraries));
}

Context Context::get_context(std::string_view method) const {
  return method.empty() ? *this : multiprocess::get_context(method);
}

std::optional<std::string> Context::get_start_method(bool allow_none) const {
  return method_ ? std::optional(std::string(to_string(*method_)))
                 : multiprocess::get_start_method(allow_none);
}

void Context::set_start_method(std::optional<std::string_view> method, bool force) const {
  if (method_) {
    throw ValueError("cannot set start method of concrete context");
  }
  multiprocess::set_start_method(method, force);
}

void Context::set_start_method(StartMethod method, bool force) const {
  set_start_method(to_string(method), force);
}

void Context::set_executable(std::string path) const {
  multiprocess::set_executable(std::move(path));
}

void Context::set_forkserver_preload(std::vector<std::string> libraries) const {
  multiprocess::set_forkserver_preload(std::move(libraries));
}

std::string_view Context::process_class() const noexcept {
  if (!method_) {
    return "Process";
  }
  switch (*method_) {
    case StartMethod::fork:
      return "ForkProcess";
    case StartMethod::spawn:
      return "SpawnProcess";
    case StartMethod::forkserver:
      break;
  }
  return "ForkServerProcess";
}

std::string mp_repr(Context context) {
  std::string_view stem = context.process_class();
  const void* const place = stem.data();  // one for each, as each is one object in Python
  stem.remove_suffix(std::string_view("Process").size());
  return fmt::format("<multiprocess.context.{}Context object at {}>",
                     stem.empty() ? "Default" : stem, place);
}

}  // namespace multiprocess
