# SPDX-License-Identifier: BSD-3-Clause

# A warning is an error only in our own tree and with the compilers that we test with: a newer
# compiler's new warning must not stop anybody's build.
option(MULTIPROCESS_WARNINGS_AS_ERRORS "Refuse code that warns" ${PROJECT_IS_TOP_LEVEL})
set(newest_GNU 12)
set(newest_Clang 14)
string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")

# For our own targets; never part of what their users inherit.
function(multiprocess_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  if(MULTIPROCESS_WARNINGS_AS_ERRORS AND major LESS_EQUAL "${newest_${CMAKE_CXX_COMPILER_ID}}")
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
