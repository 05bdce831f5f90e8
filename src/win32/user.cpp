// SPDX-License-Identifier: BSD-3-Clause
#include "user.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace multiprocess::detail::os {

namespace {

/// The user that a process belongs to.
class User {
 public:
  explicit User(HANDLE process) noexcept {
    HANDLE token = nullptr;
    if (OpenProcessToken(process, TOKEN_QUERY, &token)) {
      const Handle closed_at_the_end = owned(token);
      DWORD size = 0;
      known_ = GetTokenInformation(token, TokenUser, bytes_.data(),
                                   static_cast<DWORD>(bytes_.size()), &size) != FALSE;
    }
  }

  bool known() const noexcept { return known_; }
  PSID id() const noexcept { return reinterpret_cast<const TOKEN_USER*>(bytes_.data())->User.Sid; }

 private:
  alignas(TOKEN_USER) std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE> bytes_{};
  bool known_ = false;
};

const User& this_user() noexcept {
  static const User& only = *new User(GetCurrentProcess());
  return only;
}

/// A list with one entry: this user may do everything.
struct Permission {
  Permission() noexcept {
    attributes.nLength = sizeof attributes;
    attributes.lpSecurityDescriptor = &descriptor;
    valid = this_user().known() && InitializeSecurityDescriptor(&descriptor, 1) &&
            InitializeAcl(list(), sizeof bytes, ACL_REVISION) &&
            AddAccessAllowedAce(list(), ACL_REVISION, GENERIC_ALL, this_user().id()) &&
            SetSecurityDescriptorDacl(&descriptor, TRUE, list(), FALSE);
  }
  ACL* list() noexcept { return reinterpret_cast<ACL*>(bytes.data()); }

  SECURITY_ATTRIBUTES attributes{};
  SECURITY_DESCRIPTOR descriptor{};
  alignas(ACL) std::array<std::byte,
                          sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE> bytes{};
  bool valid = false;
};

}  // namespace

SECURITY_ATTRIBUTES* for_this_user() {
  static Permission& only = *new Permission;
  if (!only.valid) {
    throw last_error("the user of this process", std::errc::operation_not_permitted);
  }
  return &only.attributes;
}

Belongs whose_process(DWORD process) noexcept {
  const Handle opened = owned(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process));
  if (!opened) {
    return GetLastError() == ERROR_INVALID_PARAMETER ? Belongs::unknown : Belongs::to_others;
  }
  const User user(native(opened.get()));
  if (user.known() && this_user().known() && EqualSid(user.id(), this_user().id())) {
    return Belongs::to_us;
  }
  DWORD code = 0;
  return GetExitCodeProcess(native(opened.get()), &code) && code != STILL_ACTIVE
             ? Belongs::unknown
             : Belongs::to_others;
}

}  // namespace multiprocess::detail::os
