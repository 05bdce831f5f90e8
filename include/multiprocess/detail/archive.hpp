// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/form.hpp>

#include <cereal/cereal.hpp>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cereal {
/// As a base class it lets argument-dependent lookup find what cereal and others define in here.
struct multiprocess_archive {};
}  // namespace cereal

namespace multiprocess::detail {

namespace os {
struct Module;
}

/// How many containers, objects and pointers may lie inside one another in a message.
inline constexpr int most_nested = 512;

/// Every piece that knows how a type is written: below, own_codec.hpp, std_codec.hpp, closure.hpp.
template <class T>
void save_value(OutputArchive& archive, const T& value);
template <class T>
void load_value(InputArchive& archive, T& value);
template <class T>
T read_value(InputArchive& archive);

/// An archive in cereal's sense that writes straight into a ByteBuffer.
///
/// A type's own `serialize` sees it as it sees cereal's archives. It is cheap to make: what only
/// some messages need (shared pointers, class versions) is made when they need it.
class OutputArchive : public cereal::detail::OutputArchiveBase,
                      public cereal::multiprocess_archive {
 public:
  using is_loading = std::false_type;
  using is_saving = std::true_type;

  explicit OutputArchive(ByteBuffer& into) : into_(into) {}
  ~OutputArchive() override = default;
  OutputArchive(const OutputArchive&) = delete;
  OutputArchive& operator=(const OutputArchive&) = delete;

  template <class... T>
  OutputArchive& operator()(T&&... values) {
    (detail::save_value(*this, values), ...);
    return *this;
  }
  template <class T>
  OutputArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  OutputArchive& operator<<(T&& value) {
    return (*this)(value);
  }

  void write(const void* bytes, std::size_t count) {
    if (count != 0) {
      std::memcpy(into_.extend(count), bytes, count);
    }
  }
  template <class T>
  void put(T value) {
    std::memcpy(into_.extend(sizeof(T)), &value, sizeof(T));
  }
  /// A count or an index: one byte when it is small.
  void put_size(std::uint64_t value) {
    if (value < 0x80) [[likely]] {
      put(static_cast<unsigned char>(value));
    } else {
      put_large_size(value);
    }
  }
  /// Zeros until the position is a multiple of `alignment`, so that the receiver need not copy
  /// twice.
  void align(std::size_t alignment);
  std::size_t position() const noexcept { return into_.size(); }
  ByteBuffer& buffer() noexcept { return into_; }

  void enter() {
    if (++depth_ > most_nested) [[unlikely]] {
      throw_too_deep();
    }
  }
  void leave() noexcept { --depth_; }

  /// The module's number in this message; `fresh` when it has not been named before.
  std::uint32_t module_number(const os::Module* module, bool& fresh);

  // What cereal's own code for pointers, versions and base classes asks an archive for.
  std::uint32_t registerSharedPointer(const std::shared_ptr<const void>& pointer);
  std::uint32_t registerPolymorphicType(const char* name);
  void serializeDeferments();
  void defer(std::function<void()> work);
  bool first_base(const void* base, std::size_t type);
  template <class T>
  std::uint32_t class_version() {
    const auto lock = cereal::detail::StaticObject<cereal::detail::Versions>::lock();
    const std::size_t type = typeid(T).hash_code();
    const std::uint32_t version =
        cereal::detail::StaticObject<cereal::detail::Versions>::getInstance().find(
            type, cereal::detail::Version<T>::version);
    if (first_version(type)) {
      put(version);
    }
    return version;
  }

 private:
  struct Tables;
  struct Discard {
    void operator()(Tables* tables) const noexcept;
  };
  Tables& tables();
  bool first_version(std::size_t type);
  void put_large_size(std::uint64_t value);

  ByteBuffer& into_;
  int depth_ = 0;
  std::vector<const os::Module*> modules_;
  std::unique_ptr<Tables, Discard> tables_;
};

/// Reads what OutputArchive wrote. Every read is checked against the end of the message: damaged or
/// forged bytes are a ValueError, never a read outside, a wild allocation or a stack overflow.
class InputArchive : public cereal::detail::InputArchiveBase, public cereal::multiprocess_archive {
 public:
  using is_loading = std::true_type;
  using is_saving = std::false_type;

  explicit InputArchive(Bytes bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}
  ~InputArchive() override = default;
  InputArchive(const InputArchive&) = delete;
  InputArchive& operator=(const InputArchive&) = delete;

  template <class... T>
  InputArchive& operator()(T&&... values) {
    (detail::load_value(*this, values), ...);
    return *this;
  }
  template <class T>
  InputArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  InputArchive& operator>>(T&& value) {
    return (*this)(value);
  }

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

  /// The next `count` bytes where they lie.
  const std::byte* take(std::size_t count) {
    if (remaining() < count) [[unlikely]] {
      throw_too_short(position(), count, remaining());
    }
    const std::byte* const bytes = at_;
    at_ += count;
    return bytes;
  }
  void read(void* into, std::size_t count) {
    const std::byte* const bytes = take(count);
    if (count != 0) {
      std::memcpy(into, bytes, count);
    }
  }
  template <class T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  bool get_bool();
  std::uint64_t get_size() {
    const auto first = get<unsigned char>();
    return first < 0x80 ? first : get_large_size(first);
  }
  /// A count of things of at least `each` bytes, refused when the message cannot hold them. Of
  /// things without a byte a message may hold 65536.
  std::size_t get_count(std::size_t each = 1);
  void align(std::size_t alignment);
  /// Throws ValueError unless all has been read.
  void expect_end() const;

  void enter() {
    if (++depth_ > most_nested) [[unlikely]] {
      throw_too_deep();
    }
  }
  void leave() noexcept { --depth_; }

  /// The module that the message names by `number`; null when that is one more than there were.
  const os::Module* module(std::uint64_t number);
  void add_module(const os::Module* module);

  /// `type` keeps a forged message from handing out an object as one of another type.
  void add_pointer(std::uint32_t id, std::shared_ptr<void> pointer, std::uint64_t type);
  std::shared_ptr<void> pointer(std::uint32_t id, std::uint64_t type);

  /// Of the pointer that cereal's own code reads next; it does not say so itself.
  void expect_pointer(std::uint64_t type) noexcept { expected_ = type; }

  // What cereal's own code for pointers, versions and base classes asks an archive for.
  std::shared_ptr<void> getSharedPointer(std::uint32_t id) { return pointer(id, expected_); }
  void registerSharedPointer(std::uint32_t id, std::shared_ptr<void> object);
  std::string getPolymorphicName(std::uint32_t id);
  void registerPolymorphicName(std::uint32_t id, const std::string& name);
  void serializeDeferments();
  void defer(std::function<void()> work);
  bool first_base(const void* base, std::size_t type);
  template <class T>
  std::uint32_t loadClassVersion() {
    return version_of(typeid(T).hash_code());
  }
  template <class T>
  std::uint32_t class_version() {
    return loadClassVersion<T>();
  }

 private:
  struct Tables;
  struct Discard {
    void operator()(Tables* tables) const noexcept;
  };
  Tables& tables();
  std::uint64_t get_large_size(unsigned char first);
  std::uint32_t version_of(std::size_t type);

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  int depth_ = 0;
  std::uint64_t without_bytes_ = 65536;
  std::uint64_t expected_ = 0;
  std::vector<const os::Module*> modules_;
  std::unique_ptr<Tables, Discard> tables_;
};

/// One step deeper into the message, for as long as it lives.
template <class Archive>
class Nest {
 public:
  explicit Nest(Archive& archive) : archive_(archive) { archive_.enter(); }
  ~Nest() { archive_.leave(); }
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;

 private:
  Archive& archive_;
};

// What cereal's container headers look for before they hand over a block of memory or a size.
template <class T>
void save(OutputArchive& archive, const cereal::BinaryData<T>& data) {
  archive.write(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void load(InputArchive& archive, cereal::BinaryData<T>& data) {
  archive.read(data.data, static_cast<std::size_t>(data.size));
}

}  // namespace multiprocess::detail

CEREAL_SETUP_ARCHIVE_TRAITS(multiprocess::detail::InputArchive, multiprocess::detail::OutputArchive)
CEREAL_REGISTER_ARCHIVE(multiprocess::detail::OutputArchive)
CEREAL_REGISTER_ARCHIVE(multiprocess::detail::InputArchive)
