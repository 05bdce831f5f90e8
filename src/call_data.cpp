// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/call_data.hpp>

#include <algorithm>
#include <new>

namespace multiprocess::detail {

namespace {

constexpr std::size_t unit = 8;

constexpr std::size_t padding(std::size_t size) noexcept {
  return (unit - size % unit) % unit;
}

}  // namespace

Blob::Blob(Bytes bytes, std::vector<SharedRef> refs)
    : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
      refs_(refs.empty() ? nullptr : std::make_unique<std::vector<SharedRef>>(std::move(refs))) {}

Blob::Blob(const Blob& other)
    : bytes_(other.bytes_),
      refs_(other.refs_ == nullptr ? nullptr
                                   : std::make_unique<std::vector<SharedRef>>(*other.refs_)) {}

Blob& Blob::operator=(const Blob& other) {
  return *this = Blob(other);
}

void Blob::read(void* into, void (*load)(InputArchive&, void*)) const {
  const std::span<const SharedRef> refs = this->refs();
  const Incoming beside({refs.begin(), refs.end()});
  InputArchive archive(bytes());
  load(archive, into);
  archive.expect_end();
}

bool operator==(const Blob& a, const Blob& b) noexcept {
  return a.bytes_ == b.bytes_ && std::ranges::equal(a.refs(), b.refs());
}

ShortBuffer::ShortBuffer() noexcept {
  data_ = inside_.data();
  capacity_ = inside_.size();
}

ShortBuffer::~ShortBuffer() {
  if (data_ == inside_.data()) {
    data_ = nullptr;
  }
}

void ShortBuffer::grow(std::size_t more) {
  if (data_ != inside_.data()) {
    ByteBuffer::grow(more);
    return;
  }
  const std::size_t size = size_;
  data_ = nullptr;
  capacity_ = 0;
  size_ = 0;
  try {
    ByteBuffer::grow(std::max(size + more, 2 * inside_.size()));
  } catch (const std::bad_alloc&) {
    data_ = inside_.data();
    capacity_ = inside_.size();
    size_ = size;
    throw;
  }
  std::copy_n(inside_.data(), size, data_);
  size_ = size;
}

void CallWriter::put_bytes(Bytes bytes) {
  put(bytes.size());
  std::byte* const into = buffer_.extend(bytes.size() + padding(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), into);
  std::fill_n(into + bytes.size(), padding(bytes.size()), std::byte{0});
}

void CallWriter::put_blob(Bytes bytes, std::span<const SharedRef> refs) {
  put(refs.size());
  for (const SharedRef& ref : refs) {
    put(refs_.size());
    refs_.push_back(ref);
  }
  put_bytes(bytes);
}

void CallWriter::put_encoded(const void* value, void (*save)(OutputArchive&, const void*)) {
  ScratchBuffer buffer;
  Outgoing beside(false);
  OutputArchive archive(*buffer);
  save(archive, value);
  put_blob(buffer->bytes(), beside.refs());
}

Bytes CallReader::get_bytes() {
  const std::uint64_t size = get();
  if (size > rest_.size()) {
    throw_too_short(0, size, rest_.size());
  }
  const Bytes bytes = take(size);
  take(std::min(padding(size), rest_.size()));
  return bytes;
}

SharedRef CallReader::get_ref() {
  const std::uint64_t index = get();
  if (index >= refs_.size()) {
    throw_damaged(0, "a shared object that the message does not carry");
  }
  return refs_[index];
}

CallReader::Part CallReader::get_part() {
  Part part;
  const std::uint64_t count = get();
  if (count > rest_.size() / unit) {
    throw_damaged(0, "more shared objects than the message has room for");
  }
  part.refs.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    part.refs.push_back(get_ref());
  }
  part.bytes = get_bytes();
  return part;
}

Blob CallReader::get_blob() {
  Part part = get_part();
  return Blob(part.bytes, std::move(part.refs));
}

void CallReader::get_encoded(void* into, void (*read)(InputArchive&, void*)) {
  Part part = get_part();
  const Incoming beside(std::move(part.refs));
  InputArchive archive(part.bytes);
  read(archive, into);
  archive.expect_end();
}

}  // namespace multiprocess::detail
