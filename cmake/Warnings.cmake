# SPDX-License-Identifier: BSD-3-Clause

# Our own targets compile without a warning. It is an error only here, with the compilers that we
# test with: a newer compiler's new warning must not stop anybody's build.
function(multiprocess_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  set(newest_GNU 12)
  set(newest_Clang 14)
  if(PROJECT_IS_TOP_LEVEL AND DEFINED newest_${CMAKE_CXX_COMPILER_ID})
    math(EXPR next "${newest_${CMAKE_CXX_COMPILER_ID}} + 1")
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS next)
      target_compile_options(${target} PRIVATE -Werror)
    endif()
  endif()
endfunction()
