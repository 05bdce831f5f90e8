// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_code.hpp>

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/pool_engine.hpp>

#include <utility>

namespace multiprocess::detail {

SharedCode::SharedCode(std::shared_ptr<PoolEngine> engine, Offset message) noexcept
    : engine_(std::move(engine)), message_(message) {
  adopt_message(engine_->board(), message_);
  engine_->count_parts(1);
}

SharedCode::~SharedCode() {
  if (engine_->is_at_home()) {
    Message::drop(message_);
    engine_->count_parts(-1);
  }
}

}  // namespace multiprocess::detail
