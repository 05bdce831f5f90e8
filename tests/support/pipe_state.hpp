// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/connection.hpp>
#include <multiprocess/detail/parcel.hpp>
#include <multiprocess/detail/pipe.hpp>
#include <multiprocess/detail/shipment.hpp>

#include <cstdint>

namespace multiprocess::test {

/// What lies in the arena of the direction in which this end of a pipe receives.
inline detail::PipeState::Direction& incoming_state(const Connection& end) {
  detail::Outgoing outgoing(true);
  const std::uint32_t index = end.pack(outgoing);
  const detail::Parcel* const parcel = detail::as_parcel(outgoing.refs()[index]);
  return detail::at<detail::PipeState>(parcel->companion.load())->directions[parcel->meta >> 2];
}

}  // namespace multiprocess::test
