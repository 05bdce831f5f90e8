// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string_view>

// Written by record_handshake.py: Python 3.12.1 listens, Python 3.13.0 connects.
// Whole frames in hexadecimal, with their lengths. The key is "a shared secret".
// The other way round they say the same.
namespace multiprocess::test::recorded {

inline constexpr std::array<std::string_view, 4> of_listener = {
    "0000003b234348414c4c454e4745237b7368613235367d000102030405060708090a0b0c0d0e0f1011121314"
    "15161718191a1b1c1d1e1f2021222324252627",
    "000000092357454c434f4d4523",
    "000000287b7368613235367d745829d3197e3243230804c241c01899ac9784a0b3bb72beb767ccac0c1f39cd",
    "0000000e7361696420626568696e64206974",
};
inline constexpr std::array<std::string_view, 4> of_client = {
    "000000287b7368613235367d8588032ec7c07cb4e06aba65cd2c8366b3c55dc6d7ae8164f46ea3e226217f96",
    "0000003b234348414c4c454e4745237b7368613235367d6465666768696a6b6c6d6e6f707172737475767778"
    "797a7b7c7d7e7f808182838485868788898a8b",
    "000000092357454c434f4d4523",
    "0000000e7361696420626568696e64206974",
};

// A client with the key "another".
inline constexpr std::array<std::string_view, 2> refusing_listener = {
    "0000003b234348414c4c454e4745237b7368613235367d000102030405060708090a0b0c0d0e0f1011121314"
    "15161718191a1b1c1d1e1f2021222324252627",
    "00000009234641494c55524523",
};
inline constexpr std::array<std::string_view, 1> refused_client = {
    "000000287b7368613235367d8f0b1ce5b91927345f1bfe423fbf4b736a0ef1f0e5d1b82ae165e043048551af",
};

}  // namespace multiprocess::test::recorded
