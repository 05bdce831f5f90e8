# SPDX-License-Identifier: BSD-3-Clause
# A program as a test: how it ends, and what it says. Of PASS_REGULAR_EXPRESSION ctest looks at the
# latter only.

# The command must end with `status` ("failure": any but 0), and the regex match what it prints at stdout
# and stderr, in which lines end as they do on POSIX.
function(add_output_test name status regex)
  add_test(NAME ${name}
    COMMAND ${CMAKE_COMMAND} -D STATUS=${status} -D REGEX=${regex}
      -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE} -- ${ARGN}
  )
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  return()
endif()

# cmake -D STATUS=<status> -D REGEX=<regex> -P OutputTest.cmake -- <program> [<argument>...]
cmake_minimum_required(VERSION 3.25)
set(command "")
set(found OFF)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(found)
    string(REPLACE ";" "\\;" argument "${CMAKE_ARGV${i}}")
    list(APPEND command "${argument}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(found ON)
  endif()
endforeach()

execute_process(COMMAND ${command}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
)
string(REPLACE "\r" "" output "${output}")
if(STATUS STREQUAL "failure" AND result EQUAL 0)
  message(FATAL_ERROR "It ended well, and should not have:\n${output}")
elseif(NOT STATUS STREQUAL "failure" AND NOT result STREQUAL STATUS)
  message(FATAL_ERROR "It ended with ${result}, not ${STATUS}:\n${output}")
elseif(NOT output MATCHES "${REGEX}")
  message(FATAL_ERROR "It said\n${output}\nwhich does not match\n${REGEX}")
endif()
message("${output}")
