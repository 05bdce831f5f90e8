# SPDX-License-Identifier: BSD-3-Clause

# Makes `target` of the folder `name` in this machine's own include path, and of nothing else there:
# all of it would bring the headers of another C library.
function(headers_from_host target name)
  set(include ${CMAKE_BINARY_DIR}/host_headers)
  file(MAKE_DIRECTORY ${include})
  if(NOT EXISTS ${include}/${name})
    file(CREATE_LINK /usr/include/${name} ${include}/${name} SYMBOLIC)
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${include})
endfunction()
