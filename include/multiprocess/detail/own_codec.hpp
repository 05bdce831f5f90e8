// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/error.hpp>

namespace cereal::memory_detail {
template <class T>
struct PtrWrapper;
}

/// Types that know by themselves how to be written: cereal's choice among their functions. A
/// namespace of its own, so that nothing in ours hides theirs.
namespace multiprocess::detail::own {

namespace traits = cereal::traits;

#define MULTIPROCESS_HAS(name, Archive)                                                          \
  (traits::has_##name<T, Archive>::value && (traits::is_specialized_##name<T, Archive>::value || \
                                             !traits::is_specialized<T, Archive>::value))

/// What a shared pointer leads to, while cereal reads one; 0 for everything else.
template <class T>
inline constexpr std::uint64_t pointee = 0;
template <class T>
inline constexpr std::uint64_t pointee<cereal::memory_detail::PtrWrapper<std::shared_ptr<T>&>> =
    name_tag<std::remove_cv_t<T>>;

/// Throws NotSendable where cereal refuses: for a class that was not registered.
template <class T>
void save_object(OutputArchive& archive, const T& value) try {
  using A = OutputArchive;
  static_assert(traits::detail::count_output_serializers<T, A>::value == 1,
                "multiprocess: this type has more than one way to be written (serialize, save, "
                "save_minimal); choose one with cereal::specialize");
  using cereal::access;
  if constexpr (MULTIPROCESS_HAS(member_serialize, A)) {
    access::member_serialize(archive, const_cast<T&>(value));
  } else if constexpr (MULTIPROCESS_HAS(member_save, A)) {
    access::member_save(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(member_save_minimal, A)) {
    archive(access::member_save_minimal(archive, value));
  } else if constexpr (MULTIPROCESS_HAS(non_member_serialize, A)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, const_cast<T&>(value));
  } else if constexpr (MULTIPROCESS_HAS(non_member_save, A)) {
    CEREAL_SAVE_FUNCTION_NAME(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(non_member_save_minimal, A)) {
    archive(CEREAL_SAVE_MINIMAL_FUNCTION_NAME(archive, value));
  } else {
    const std::uint32_t version = archive.class_version<T>();
    if constexpr (MULTIPROCESS_HAS(member_versioned_serialize, A)) {
      access::member_serialize(archive, const_cast<T&>(value), version);
    } else if constexpr (MULTIPROCESS_HAS(member_versioned_save, A)) {
      access::member_save(archive, value, version);
    } else if constexpr (MULTIPROCESS_HAS(member_versioned_save_minimal, A)) {
      archive(access::member_save_minimal(archive, value, version));
    } else if constexpr (MULTIPROCESS_HAS(non_member_versioned_serialize, A)) {
      CEREAL_SERIALIZE_FUNCTION_NAME(archive, const_cast<T&>(value), version);
    } else if constexpr (MULTIPROCESS_HAS(non_member_versioned_save, A)) {
      CEREAL_SAVE_FUNCTION_NAME(archive, value, version);
    } else {
      archive(CEREAL_SAVE_MINIMAL_FUNCTION_NAME(archive, value, version));
    }
  }
} catch (const cereal::Exception& error) {
  throw NotSendable(error.what());
}

/// Throws ValueError where cereal refuses.
template <class T>
void load_object(InputArchive& archive, T& value) try {
  using A = InputArchive;
  using O = OutputArchive;
  static_assert(traits::detail::count_input_serializers<T, A>::value == 1,
                "multiprocess: this type can be written but not read, or has more than one way to "
                "be read: give it serialize, or save and load");
  using cereal::access;
  if constexpr (pointee<T> != 0) {
    archive.expect_pointer(pointee<T>);
  }
  if constexpr (MULTIPROCESS_HAS(member_serialize, A)) {
    access::member_serialize(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(member_load, A)) {
    access::member_load(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(member_load_minimal, A)) {
    access::member_load_minimal(
        archive, value, read_value<typename traits::has_member_save_minimal<T, O>::type>(archive));
  } else if constexpr (MULTIPROCESS_HAS(non_member_serialize, A)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(non_member_load, A)) {
    CEREAL_LOAD_FUNCTION_NAME(archive, value);
  } else if constexpr (MULTIPROCESS_HAS(non_member_load_minimal, A)) {
    CEREAL_LOAD_MINIMAL_FUNCTION_NAME(
        archive, value,
        read_value<typename traits::has_non_member_save_minimal<T, O>::type>(archive));
  } else {
    const std::uint32_t version = archive.class_version<T>();
    if constexpr (MULTIPROCESS_HAS(member_versioned_serialize, A)) {
      access::member_serialize(archive, value, version);
    } else if constexpr (MULTIPROCESS_HAS(member_versioned_load, A)) {
      access::member_load(archive, value, version);
    } else if constexpr (MULTIPROCESS_HAS(member_versioned_load_minimal, A)) {
      access::member_load_minimal(
          archive, value,
          read_value<typename traits::has_member_versioned_save_minimal<T, O>::type>(archive),
          version);
    } else if constexpr (MULTIPROCESS_HAS(non_member_versioned_serialize, A)) {
      CEREAL_SERIALIZE_FUNCTION_NAME(archive, value, version);
    } else if constexpr (MULTIPROCESS_HAS(non_member_versioned_load, A)) {
      CEREAL_LOAD_FUNCTION_NAME(archive, value, version);
    } else {
      CEREAL_LOAD_MINIMAL_FUNCTION_NAME(
          archive, value,
          read_value<typename traits::has_non_member_versioned_save_minimal<T, O>::type>(archive),
          version);
    }
  }
} catch (const cereal::Exception& error) {
  throw_damaged(archive.position(), error.what());
}

#undef MULTIPROCESS_HAS

}  // namespace multiprocess::detail::own
