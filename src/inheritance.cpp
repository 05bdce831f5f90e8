// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/inheritance.hpp>

#include <multiprocess/detail/os/program.hpp>
#include <multiprocess/error.hpp>

#include <cstring>
#include <mutex>
#include <utility>

namespace multiprocess::detail {

namespace {

constinit std::once_flag looked;
constinit Inherited* found = nullptr;  // never destroyed: asked until the very end

class Handles {
 public:
  explicit Handles(std::vector<os::Handle> all) : all_(std::move(all)) {}

  os::Handle next() {
    if (taken_ == all_.size()) {
      throw RuntimeError("this child did not get all the descriptors that it was promised");
    }
    return std::move(all_[taken_++]);
  }
  std::vector<os::Handle> rest() {
    all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(taken_));
    return std::move(all_);
  }

 private:
  std::vector<os::Handle> all_;
  std::size_t taken_ = 0;
};

StartRecord checked(const std::vector<std::byte>& bytes) {
  StartRecord record;
  if (bytes.size() != sizeof record) {
    throw RuntimeError("this child was started by another version of the multiprocess library");
  }
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.magic != StartRecord::right_magic) {
    throw RuntimeError("this child was started by another version of the multiprocess library");
  }
  return record;
}

void look() {
  auto inheritance = os::take_inheritance();
  if (!inheritance) {
    return;
  }
  auto* const made = new Inherited;
  found = made;
  made->record = checked(inheritance->record);
  Handles handles(std::move(inheritance->handles));
  made->arena = handles.next();
  if (made->record.role == StartRecord::Role::child) {
    made->life_line = handles.next();
  }
  if (made->record.has_server != 0) {
    made->server = handles.next();
  }
  made->descriptors = handles.rest();
}

}  // namespace

Inherited* inherited() {
  std::call_once(looked, look);
  return found;
}

os::Handle inherited_arena() {
  Inherited* const all = inherited();
  return all == nullptr ? os::Handle() : std::move(all->arena);
}

}  // namespace multiprocess::detail
