# SPDX-License-Identifier: BSD-3-Clause
# For the checks of examples that are two programs: where the server listens, and what a client says.
string(RANDOM LENGTH 8 name)
set(path /tmp/mp-example-${name})

function(expect output)
  execute_process(COMMAND ${CLIENT} ${path} ${ARGN} OUTPUT_VARIABLE said RESULT_VARIABLE code)
  if(NOT said STREQUAL "${output}\n" OR NOT code EQUAL 0)
    message(FATAL_ERROR "client ${ARGN}: '${said}' (exit code ${code}), not '${output}'")
  endif()
endfunction()
