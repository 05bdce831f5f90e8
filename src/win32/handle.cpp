// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle.hpp>

#include "kinds.hpp"
#include "pipe.hpp"
#include "winsock.hpp"

#include <string_view>

namespace multiprocess::detail::os {

namespace {

constexpr std::uint64_t is_open = std::uint64_t{1} << 63;

std::uint64_t hash_of(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char each : bytes) {
    hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  }
  return hash;
}

std::uint64_t id_of_pipe(NativeHandle pipe) try {
  const std::wstring name = name_of_pipe(pipe);
  return hash_of({reinterpret_cast<const char*>(name.data()), name.size() * sizeof(wchar_t)});
} catch (const std::exception&) {
  return 0;
}

std::uint64_t id_of_file(NativeHandle file) noexcept {
  BY_HANDLE_FILE_INFORMATION facts{};
  GetFileInformationByHandle(native(file), &facts);
  return (std::uint64_t{facts.nFileIndexHigh} << 32 | facts.nFileIndexLow) ^
         std::uint64_t{facts.dwVolumeSerialNumber} << 40;
}

void close(NativeHandle handle) noexcept {
  forget(handle);
  if (is_socket(handle)) {
    closesocket(native_socket(handle));
  } else if (!close_after_writing(handle)) {
    CloseHandle(native(handle));
  }
}

}  // namespace

void Handle::reset(NativeHandle native) noexcept {
  if (native_ != no_handle) {
    const DWORD kept = GetLastError();  // the failure that made us clean up is still to be reported
    close(native_);
    SetLastError(kept);
  }
  native_ = native;
}

std::uint64_t stream_id(NativeHandle native) noexcept {
  switch (kind_of(native)) {
    case Kind::closed:
      return 0;
    case Kind::pipe:
      return id_of_pipe(native) | is_open;
    case Kind::file:
      return id_of_file(native) | is_open;
    case Kind::socket:
      return id_of_socket(native_socket(native)) | is_open;
    case Kind::object:
    case Kind::character:
      break;
  }
  return is_open;
}

Handle duplicate(NativeHandle handle) {
  require_open(handle);
  if (is_socket(handle)) {
    return duplicate_socket(handle);
  }
  HANDLE copied = nullptr;
  if (!DuplicateHandle(GetCurrentProcess(), native(handle), GetCurrentProcess(), &copied, 0, FALSE,
                       DUPLICATE_SAME_ACCESS)) {
    throw last_error("cannot duplicate handle " + std::to_string(handle));
  }
  Handle copy = owned(copied);
  if (auto special = special_at(handle)) {
    remember(copy.get(), std::move(special));
  }
  return copy;
}

void require_open(NativeHandle handle) {
  DWORD flags = 0;
  if (handle == no_handle || !GetHandleInformation(native(handle), &flags)) {
    throw last_error("handle " + std::to_string(handle), std::errc::bad_file_descriptor);
  }
}

}  // namespace multiprocess::detail::os
