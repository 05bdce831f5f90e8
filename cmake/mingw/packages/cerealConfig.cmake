# SPDX-License-Identifier: BSD-3-Clause
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
headers_from_host(cereal::cereal cereal)
