# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D FILE=<cpp> -D INCLUDE=<dir> -D COMPILER=<c++> -P compile_fail.cmake
# Each case of FILE is compiled alone, with CASE set to its number: case 0 must compile, the others
# must be refused with the text behind `// expect:` among the compiler's words.
cmake_minimum_required(VERSION 3.25)

macro(compile number)
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I ${INCLUDE} -DCASE=${number} ${FILE}
    RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words
  )
endmacro()

compile(0)
if(NOT result EQUAL 0)
  message(SEND_ERROR "case 0 does not compile:\n${words}")
endif()

file(STRINGS ${FILE} cases REGEX "^#elif CASE == [0-9]+ *// expect: ")
set(count 0)
foreach(case IN LISTS cases)
  string(REGEX MATCH "== ([0-9]+) *// expect: (.*)$" ignored "${case}")
  set(number ${CMAKE_MATCH_1})
  set(expected "${CMAKE_MATCH_2}")
  math(EXPR count "${count} + 1")
  if(NOT number EQUAL count)
    message(SEND_ERROR "case ${number} stands where ${count} should")
  endif()
  compile(${number})
  string(FIND "${words}" "${expected}" found)
  if(result EQUAL 0)
    message(SEND_ERROR "case ${number} compiles, and should not")
  elseif(found EQUAL -1)
    message(SEND_ERROR "case ${number} is refused without saying '${expected}':\n${words}")
  endif()
endforeach()
message(STATUS "cases=${count}")
if(count EQUAL 0)
  message(SEND_ERROR "there is no case in ${FILE}")
endif()
