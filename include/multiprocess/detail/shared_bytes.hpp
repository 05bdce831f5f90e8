// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/shared_ref.hpp>

namespace multiprocess::detail {

/// Bytes that belong to a descriptor on its way, in memory that core dumps leave out; overwritten
/// when the last reference goes. They may be keys. Throws std::bad_alloc.
SharedRef make_shared_bytes(Bytes bytes);

bool is_shared_bytes(const SharedRef& ref) noexcept;

/// Throws TypeError when the reference is to an object of another type.
Bytes shared_bytes_of(const SharedRef& ref);

}  // namespace multiprocess::detail
