// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/stream_transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace multiprocess::detail {
namespace {

class StreamTransportTest : public testing::Test {
 protected:
  os::Pipe pipe_ = os::make_pipe();
  const std::unique_ptr<Transport> reader_{stream_transport(std::move(pipe_.read), {true, false})};
};

TEST_F(StreamTransportTest, ReadsFrames) {
  const std::array frame{std::byte{0}, std::byte{0}, std::byte{0},
                         std::byte{2}, std::byte{7}, std::byte{8}};
  EXPECT_FALSE(reader_->wait_ready(os::at_once));
  os::write_all(pipe_.write.get(), frame);
  EXPECT_TRUE(reader_->wait_ready(os::never));
  EXPECT_EQ(reader_->receive_bytes(2), (std::vector{std::byte{7}, std::byte{8}}));
}

TEST_F(StreamTransportTest, ShowsItsDescriptor) {
  EXPECT_FALSE(reader_->is_pipe());
  EXPECT_EQ(reader_->show(), reader_->handle());
}

TEST_F(StreamTransportTest, CarriesNothingBesideBytes) {
  const std::unique_ptr<Transport> writer(stream_transport(std::move(pipe_.write), {false, true}));
  const auto save = [](OutputArchive&, const void*) { Outgoing::current()->add(SharedRef()); };
  EXPECT_THROW(writer->send(nullptr, save), NotSendable);
  const auto save_descriptor = [](OutputArchive&, const void*) {
    Outgoing::current()->add_descriptor(os::make_pipe().read);
  };
  EXPECT_THROW(writer->send(nullptr, save_descriptor), NotSendable);
  EXPECT_FALSE(reader_->wait_ready(os::at_once));
}

TEST_F(StreamTransportTest, AClosedOneIsAnErrorToWaitFor) {
  reader_->close();
  EXPECT_THROW(reader_->wait_ready(os::never), std::system_error);
}

}  // namespace
}  // namespace multiprocess::detail
