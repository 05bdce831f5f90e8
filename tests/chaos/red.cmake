# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D TEST=<chaos test> -D FILTER=<of its tests> -P red.cmake
# Passes when the test fails because somebody sleeps for ever.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${TEST} --gtest_filter=${FILTER}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
)
if(result STREQUAL "0")
  message(FATAL_ERROR "A cure is switched off, and the test does not see it:\n${output}")
elseif(NOT output MATCHES "everybody is asleep although|The time is up")
  message(FATAL_ERROR "The test failed for another reason (${result}):\n${output}")
endif()
