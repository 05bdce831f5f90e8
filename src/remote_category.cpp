// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_category.hpp>

#include <array>
#include <atomic>
#include <future>
#include <ios>
#include <utility>

namespace multiprocess::detail {
namespace {

std::array<const std::error_category*, 4> standard_categories() noexcept {
  return {&std::generic_category(), &std::system_category(), &std::iostream_category(),
          &std::future_category()};
}

/// Lists that only grow, without a lock that a forked child could inherit locked. A category lives
/// for ever, since error codes point to it.
struct KnownMessage {
  int code;
  std::string text;
  const KnownMessage* next;
};

class StandInCategory final : public std::error_category {
 public:
  explicit StandInCategory(std::string name) : name_(std::move(name)) {}

  const char* name() const noexcept override { return name_.c_str(); }

  std::string message(int code) const override {
    for (const KnownMessage* known = messages_; known != nullptr; known = known->next) {
      if (known->code == code) {
        return known->text;
      }
    }
    return "error " + std::to_string(code) + " of category " + name_;
  }

  void learn(int code, const std::string& text) {
    if (message(code) != text) {
      auto* const known = new KnownMessage{code, text, messages_};
      while (!messages_.compare_exchange_weak(known->next, known)) {
      }
    }
  }

  StandInCategory* next = nullptr;

 private:
  const std::string name_;
  std::atomic<const KnownMessage*> messages_ = nullptr;
};

constinit std::atomic<StandInCategory*> categories = nullptr;

StandInCategory* find_named(StandInCategory* first, const StandInCategory* last,
                            const std::string& name) {
  for (; first != last; first = first->next) {
    if (first->name() == name) {
      return first;
    }
  }
  return nullptr;
}

StandInCategory& stand_in(const std::string& name) {
  StandInCategory* seen = categories;
  if (StandInCategory* const found = find_named(seen, nullptr, name)) {
    return *found;
  }
  auto* const fresh = new StandInCategory(name);
  fresh->next = seen;
  while (!categories.compare_exchange_weak(fresh->next, fresh)) {
    if (StandInCategory* const found = find_named(fresh->next, seen, name)) {  // another thread's
      delete fresh;
      return *found;
    }
    seen = fresh->next;
  }
  return *fresh;
}

}  // namespace

const std::error_category& remote_category(const std::string& name, int code,
                                           const std::string& message) {
  for (const std::error_category* category : standard_categories()) {
    if (category->name() == name) {
      return *category;
    }
  }
  StandInCategory& category = stand_in(name);
  category.learn(code, message);
  return category;
}

}  // namespace multiprocess::detail
