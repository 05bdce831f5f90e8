# SPDX-License-Identifier: BSD-3-Clause
#
# cmake -D WORK=<folder> -P architecture_notices.cmake
# The test of the test: architecture.cmake accepts a small sound tree, and names each fault put in.
cmake_minimum_required(VERSION 3.25)

set(tree ${WORK}/tree)
set(failed "")

function(make_sound_tree)
  file(REMOVE_RECURSE ${tree})
  set(inc ${tree}/include/multiprocess)
  file(WRITE ${tree}/CMakeLists.txt "")
  file(WRITE ${tree}/cmake/Sources.cmake "set(sources\n  src/error.cpp\n  futex.cpp\n)\n")
  file(WRITE ${tree}/tests/CMakeLists.txt "set(concepts\n  error\n  lock\n  queue\n)\n")
  file(WRITE ${inc}/detail/os/handle.hpp "#pragma once\n")
  file(WRITE ${inc}/detail/os/futex.hpp "#include <multiprocess/detail/os/handle.hpp>\n")
  file(WRITE ${inc}/error.hpp "#include <string>\n")
  file(WRITE ${inc}/lock.hpp "#include <multiprocess/error.hpp>\n")
  file(WRITE ${inc}/queue.hpp "#include <multiprocess/lock.hpp>\n")
  file(WRITE ${inc}/multiprocess.hpp "#include <multiprocess/queue.hpp>\n")
  file(WRITE ${tree}/src/error.cpp
    "#include <multiprocess/error.hpp>\nstep::store(a, 1);\nb[c].store(2);  // raw: ours\n"
  )
  file(WRITE ${tree}/src/posix/futex.cpp
    "#include <multiprocess/detail/os/futex.hpp>\n#include <unistd.h>\nchar name[] = \"XXXXXX\";\n"
  )
  foreach(name IN ITEMS error lock queue)
    file(WRITE ${tree}/tests/${name}_test.cpp "#include <multiprocess/${name}.hpp>\n")
  endforeach()
  file(WRITE ${tree}/examples/small.cpp "int main() {}\n")
endfunction()

function(judge verdict output)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D ROOT=${tree} -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/architecture.cmake
    RESULT_VARIABLE result ERROR_VARIABLE error
  )
  set(${verdict} ${result} PARENT_SCOPE)
  set(${output} "${error}" PARENT_SCOPE)
endfunction()

# Puts one fault into a sound tree: `text` at the end of `file`; the verdict must say `words`.
function(notices words file text)
  make_sound_tree()
  file(APPEND ${tree}/${file} "${text}")
  judge(verdict output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${file}: ${words}" found)
  if(verdict EQUAL 0 OR found EQUAL -1)
    set(failed "${failed}\n  in ${file}, \"${words}\": ${output}" PARENT_SCOPE)
  endif()
endfunction()

make_sound_tree()
judge(verdict output)
if(NOT verdict EQUAL 0)
  message(FATAL_ERROR "A sound tree is refused: ${output}")
endif()

set(inc include/multiprocess)
string(REPEAT "\n" 500 long)
string(CONCAT reminder "// TO" "DO: more\n")

notices("501 lines" ${inc}/error.hpp "${long}")
notices("503 lines" src/error.cpp "${long}")
notices("501 lines" tests/lock_test.cpp "${long}")
notices("501 lines" examples/small.cpp "${long}")
notices("says " ${inc}/lock.hpp "${reminder}")
notices("says " tests/lock_test.cpp "${reminder}")
notices("asks which OS" ${inc}/error.hpp "#if defined(_WIN32)\n#endif\n")
notices("asks which OS" src/error.cpp "#ifdef __linux__\n#endif\n")
notices("includes <sys/mman.h>" ${inc}/detail/os/handle.hpp "#include <sys/mman.h>\n")
notices("includes <unistd.h>" src/error.cpp "#include <unistd.h>\n")
notices("includes queue.hpp, which is not below" ${inc}/lock.hpp "#include <multiprocess/queue.hpp>\n")
notices("includes lock.hpp, which is not below" ${inc}/error.hpp "#include <multiprocess/lock.hpp>\n")
notices("includes detail/os/futex.hpp, which is not below"
  ${inc}/detail/os/handle.hpp "#include <multiprocess/detail/os/futex.hpp>\n")
notices("includes queue.hpp, which is not below" src/error.cpp "#include <multiprocess/queue.hpp>\n")
notices("includes error.hpp, which is not below"
  src/posix/futex.cpp "#include <multiprocess/error.hpp>\n")
notices("is on no floor" ${inc}/detail/helpers.hpp "#pragma once\n")
notices("has no tests/semaphore_test.cpp" ${inc}/semaphore.hpp "#pragma once\n")
notices("does not include its own header first" src/posix/handle.cpp "#include <unistd.h>\n")
notices("does not include its own header first" src/lock.cpp "#include <multiprocess/error.hpp>\n")
notices("is not named after a header" src/posix/helpers.cpp "\n")
notices("takes a step that no test" src/error.cpp "b[c].store(3);  // ours\n")
notices("takes a step that no test" src/error.cpp "b->fetch_or(3);\n")
notices("takes a step that no test" ${inc}/error.hpp "b.compare_exchange_weak(c, 3)) {\n")
notices("is not listed" src/lock.cpp "\n")
notices("is not listed" tests/detail/word_test.cpp "\n")
notices("has no twin in src/posix" src/win32/handle.cpp "\n")

if(failed)
  message(FATAL_ERROR "Faults that went unnoticed:${failed}")
endif()
