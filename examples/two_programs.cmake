# SPDX-License-Identifier: BSD-3-Clause
# For the checks of examples that are two programs: where the server listens, and what a client says.
# RUN: what runs programs of another system here, which is Windows.
string(RANDOM LENGTH 8 name)
set(path /tmp/mp-example-${name})
if(RUN)
  set(path "\\\\.\\pipe\\mp-example-${name}")
endif()

# It goes on beside us; what it says is in `told_in`.
macro(start_server program told_in)
  set(told_file ${told_in})
  file(REMOVE ${told_file})
  execute_process(COMMAND sh -c "${RUN} '${program}' '${path}' > '${told_file}' 2>&1 &")
endmacro()

# Looks until the server has said what matches.
macro(wait_until_told regex)
  set(told "")
  foreach(try RANGE 200)
    if(EXISTS ${told_file})
      file(READ ${told_file} told)
      string(REPLACE "\r" "" told "${told}")
    endif()
    if(told MATCHES "${regex}")
      break()
    endif()
    execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
  endforeach()
endmacro()

# A pipe of Windows is no file, and goes with its server.
macro(wait_until_file_is_gone)
  foreach(try RANGE 200)
    if(RUN OR NOT EXISTS ${path})
      break()
    endif()
    execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 0.05)
  endforeach()
  if(NOT RUN AND EXISTS ${path})
    message(FATAL_ERROR "the server has left its file")
  endif()
endmacro()

function(expect output)
  execute_process(COMMAND ${RUN} ${CLIENT} ${path} ${ARGN} OUTPUT_VARIABLE said RESULT_VARIABLE code)
  string(REPLACE "\r" "" said "${said}")
  if(NOT said STREQUAL "${output}\n" OR NOT code EQUAL 0)
    message(FATAL_ERROR "client ${ARGN}: '${said}' (exit code ${code}), not '${output}'")
  endif()
endfunction()
