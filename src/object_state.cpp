// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/object_state.hpp>

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/type_tag.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace multiprocess::detail {

namespace {

struct KnownTag {
  std::uint64_t tag;
  std::string_view name;
};

template <class... T>
constexpr std::array<KnownTag, sizeof...(T)> known() {
  return {KnownTag{type_tag<T>, type_name<T>()}...};
}

/// The types that people mix up: for the text of the error.
constexpr auto known_tags =
    known<bool, char, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
          std::uint16_t, std::uint32_t, std::uint64_t, float, double, std::vector<int>,
          std::vector<double>, std::vector<std::byte>>();

/// Empty when it is none of them.
std::string_view known_name(std::uint64_t tag) {
  const auto* const found = std::find_if(known_tags.begin(), known_tags.end(),
                                         [tag](const KnownTag& each) { return each.tag == tag; });
  return found == known_tags.end() ? std::string_view() : found->name;
}

std::string name_of(std::uint64_t tag) {
  if (tag == type_tag<std::string>) {
    return "a string";
  }
  const std::string_view name = known_name(tag);
  return name.empty() ? "a value of another type, or nothing that was sent as an object"
                      : fmt::format("a value of type '{}'", readable(name));
}

std::string repr_of_text(const std::string& text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string shown(1, quote);
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      (shown += '\\') += c;
    } else if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (code < 0x20 || code == 0x7f) {
      shown += fmt::format("\\x{:02x}", code);
    } else {
      shown += c;
    }
  }
  return shown += quote;
}

template <class T>
bool get_number_of(std::uint64_t tag, InputArchive& archive, Number& number) {
  if (tag != type_tag<T>) {
    return false;
  }
  number = Number(archive.get<T>());
  return true;
}

template <class... T>
bool get_number_of_any(std::uint64_t tag, InputArchive& archive, Number& number) {
  return (get_number_of<T>(tag, archive, number) || ...);
}

/// False when the tag is no number's.
bool get_number(std::uint64_t tag, InputArchive& archive, Number& number) {
  return get_number_of_any<bool, char, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                           std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float,
                           double>(tag, archive, number);
}

}  // namespace

std::uint64_t read_tag(InputArchive& archive, std::string_view wanted) {
  if (archive.remaining() < sizeof(std::uint64_t)) {
    throw TypeError(fmt::format("the message does not hold a value of type '{}': it has {} bytes",
                                readable(wanted), archive.remaining()));
  }
  return archive.get<std::uint64_t>();
}

void require_tag(std::uint64_t found, std::uint64_t tag, std::string_view wanted) {
  if (found != tag) {
    throw TypeError(fmt::format("the message does not hold a value of type '{}' but {}",
                                readable(wanted), name_of(found)));
  }
}

struct ObjectState::Content {
  std::string type;
  std::vector<std::byte> bytes;
  std::vector<SharedRef> refs;
  std::vector<os::Handle> descriptors;

  std::vector<os::Handle> duplicates() const {
    std::vector<os::Handle> all;
    for (const os::Handle& each : descriptors) {
      all.push_back(os::duplicate(each.get()));
    }
    return all;
  }
};

ObjectState ObjectState::of_number(std::uint64_t tag, Number number) {
  ObjectState state;
  state.holds_ = Holds::number;
  state.tag_ = tag;
  state.number_ = number;
  return state;
}

ObjectState ObjectState::of_bytes(std::uint64_t tag, std::string_view type, const void* object,
                                  void (*save)(OutputArchive&, const void*)) {
  ScratchBuffer buffer;
  OutputArchive archive(*buffer);
  Outgoing beside(true);
  save(archive, object);
  auto content = std::make_shared<Content>();
  content->type = readable(type);
  content->bytes.assign(buffer->bytes().begin(), buffer->bytes().end());
  content->refs = beside.refs();
  content->descriptors = std::move(beside.descriptors());
  ObjectState state;
  state.holds_ = Holds::bytes;
  state.tag_ = tag;
  state.content_ = std::move(content);
  return state;
}

void ObjectState::throw_other_type(std::string_view wanted) const {
  const std::string name = readable(wanted);
  throw TypeError(holds_ == Holds::bytes
                      ? fmt::format("the object is a '{}', not a '{}'", content_->type, name)
                      : fmt::format("the object is {}, which is no '{}'", repr(), name));
}

void ObjectState::read(std::uint64_t tag, std::string_view wanted, void* into,
                       void (*load)(InputArchive&, void*)) const {
  if (holds_ != Holds::bytes || tag_ != tag) {
    throw_other_type(wanted);
  }
  const Incoming beside(content_->refs, content_->duplicates());
  InputArchive archive(content_->bytes);
  load(archive, into);
  archive.expect_end();
}

std::string ObjectState::repr() const {
  if (holds_ == Holds::nothing) {
    return "None";
  }
  if (holds_ == Holds::number) {
    return number_.repr();
  }
  if (tag_ == type_tag<std::string>) {
    return repr_of_text(multiprocess::detail::decode<std::string>(content_->bytes));
  }
  return fmt::format("<Object of {}>", content_->type);
}

bool operator==(const ObjectState& a, const ObjectState& b) noexcept {
  using Holds = ObjectState::Holds;
  if (a.holds_ != b.holds_ || a.holds_ == Holds::nothing) {
    return a.holds_ == b.holds_;
  }
  if (a.holds_ == Holds::number) {
    return a.number_ == b.number_;
  }
  if (a.content_ == b.content_) {
    return a.tag_ == b.tag_;
  }
  // Descriptors are never equal: each reference to one is to an object of its own.
  return a.tag_ == b.tag_ && a.content_->bytes == b.content_->bytes &&
         a.content_->refs == b.content_->refs;
}

void ObjectState::encode(OutputArchive& archive) const {
  archive.put(holds_);
  if (holds_ == Holds::nothing) {
    return;
  }
  archive.put(tag_);
  if (holds_ == Holds::number) {
    number_.encode(archive);
    return;
  }
  archive(content_->type, content_->bytes);
  Outgoing* const beside = Outgoing::current();
  if (beside == nullptr && !content_->refs.empty()) {
    throw RuntimeError(
        "shared objects should only be shared between processes through inheritance, as arguments, "
        "or through queues and pipes of the same tree");
  }
  archive.put_size(content_->refs.size());
  const Incoming own(content_->refs, content_->duplicates());
  for (std::uint32_t i = 0; i < content_->refs.size(); ++i) {
    archive.put(beside->add_from(own, i));
  }
}

ObjectState ObjectState::decode(InputArchive& archive) {
  ObjectState state;
  const auto holds = archive.get<unsigned char>();
  if (holds > static_cast<unsigned char>(Holds::bytes)) {
    throw_damaged(archive.position(), "an object of an unknown kind");
  }
  state.holds_ = static_cast<Holds>(holds);
  if (state.holds_ == Holds::nothing) {
    return state;
  }
  state.tag_ = archive.get<std::uint64_t>();
  if (state.holds_ == Holds::number) {
    state.number_ = Number::decode(archive);
    return state;
  }
  auto content = std::make_shared<Content>();
  archive(content->type, content->bytes);
  Incoming* const beside = Incoming::current();
  const auto next = [&] {
    if (beside == nullptr) {
      throw_damaged(archive.position(), "an object with shared parts, in a message without any");
    }
    return archive.get<std::uint32_t>();
  };
  Outgoing kept(true);
  for (std::size_t left = archive.get_count(4); left != 0; --left) {
    const std::uint32_t index = next();
    kept.add_from(*beside, index);
  }
  content->refs = kept.refs();
  content->descriptors = std::move(kept.descriptors());
  state.content_ = std::move(content);
  return state;
}

ObjectIdentity identify_object(InputArchive& archive) {
  ObjectIdentity identity;
  const auto holds = archive.get<unsigned char>();
  if (holds == 0) {
    return identity;
  }
  const auto tag = archive.get<std::uint64_t>();
  if (holds == 1) {
    identity.number = Number::decode(archive);
    return identity;
  }
  archive.take(archive.get_count());  // the name of its type is for people
  const std::size_t size = archive.get_count();
  identity.tag = tag;
  identity.bytes = {archive.take(size), size};
  return identity;
}

ObjectState ObjectState::of_message(std::uint64_t tag, InputArchive& message) {
  Number number;
  if (get_number(tag, message, number)) {
    return of_number(tag, number);
  }
  auto content = std::make_shared<Content>();
  const std::string_view name = known_name(tag);
  content->type = name.empty() ? "another type" : readable(name);
  const std::size_t size = message.remaining();
  const std::byte* const rest = message.take(size);
  content->bytes.assign(rest, rest + size);
  if (const Incoming* const beside = Incoming::current(); beside != nullptr) {
    Outgoing kept(true);
    for (std::uint32_t i = 0; i < beside->count(); ++i) {
      kept.add_from(*beside, i);
    }
    content->refs = kept.refs();
    content->descriptors = std::move(kept.descriptors());
  }
  ObjectState state;
  state.holds_ = Holds::bytes;
  state.tag_ = tag;
  state.content_ = std::move(content);
  return state;
}

}  // namespace multiprocess::detail
