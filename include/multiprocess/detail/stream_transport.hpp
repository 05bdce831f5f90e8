// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/transport.hpp>

namespace multiprocess::detail {

/// Over a descriptor of a byte stream, to any program: messages are framed as Python frames them,
/// and are nothing but bytes.
Transport* stream_transport(os::Handle handle, Transport::Directions directions);

}  // namespace multiprocess::detail
