// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/barrier_action.hpp>

#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/error.hpp>

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace multiprocess::detail {

struct BarrierAction::Kept final : Attachment {
  Kept(std::function<void()> made_of, std::string because)
      : call(std::move(made_of)), reason(std::move(because)) {}

  void require_sendable() const override {
    if (!reason.empty()) {
      throw NotSendable(reason);
    }
  }

  std::function<void()> call;
  std::string reason;
};

Offset BarrierAction::pack() {
  if (!save_) {
    reason_ = call_ ? "the barrier's action cannot be sent to another process" : "";
    return 0;
  }
  try {
    ScratchBuffer buffer;
    OutputArchive archive(*buffer);
    const Outgoing beside(false);
    save_(archive);
    return Message::pack(buffer->bytes(), beside, self().ticket);
  } catch (const NotSendable& error) {
    reason_ = std::string("the barrier's action cannot be sent: ") + error.what();
    return 0;
  }
}

void BarrierAction::keep(RefControl& control) {
  if (call_) {
    control.attachment.store(new Kept(std::move(call_), std::move(reason_)));
  }
}

namespace {

std::function<void()> unpack(Offset message) {
  MessageHeader& header = *at<MessageHeader>(message);
  std::vector<SharedRef> refs;
  for (std::size_t i = 0; i < header.references; ++i) {
    refs.push_back(take_reference(header.entries()[i].load(std::memory_order_acquire)));
  }
  const Incoming beside(std::move(refs));
  InputArchive archive(std::span<const std::byte>(header.bytes(), header.size));
  return read_value<Function<void()>>(archive);
}

}  // namespace

void BarrierAction::run(RefControl& control, Offset message) {
  Attachment* kept = control.attachment.load();
  if (kept == nullptr) {
    auto made = std::make_unique<Kept>(unpack(message), "");
    if (control.attachment.compare_exchange_strong(kept, made.get())) {
      kept = made.release();
    }  // else another thread was quicker
  }
  static_cast<Kept*>(kept)->call();
}

}  // namespace multiprocess::detail
