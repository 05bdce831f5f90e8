# SPDX-License-Identifier: BSD-3-Clause
# Counts the words of a small made corpus, in pieces that cut words, also when a worker is lost.
# PROGRAM, FOLDER (made anew), RUN: what runs programs of another system here.
file(REMOVE_RECURSE ${FOLDER})
string(REPEAT "apple Pear, apple\n" 500 fruit)
string(REPEAT "plum\r\n" 300 plums)
string(REPEAT "z" 5000 long_word)
file(WRITE ${FOLDER}/fruit.txt "${fruit}")
file(WRITE ${FOLDER}/deep/plums.txt "${plums}")
file(WRITE ${FOLDER}/deep/er/one "${long_word}")
file(WRITE ${FOLDER}/empty.txt "")

string(CONCAT expected "     1000 apple\n      500 pear\n      300 plum\n"
  "1801 words, 4 different, in 4 text files, 0.0 MB\nskipped: 0 binary, 0 unreadable\n"
)
foreach(option IN ITEMS "" --lose-a-worker)
  execute_process(
    COMMAND ${RUN} ${PROGRAM} --top 3 --processes 3 --chunk 997 ${option} ${FOLDER}
    OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status
  )
  string(REPLACE "\r" "" output "${output}")
  string(FIND "${output}" "${expected}" at)
  if(NOT status EQUAL 0 OR NOT at EQUAL 0 OR NOT output MATCHES "speed-up: [0-9.]+, same words\n$")
    message(FATAL_ERROR "${option}: exit code ${status}\n${output}${errors}")
  endif()
  if(option AND NOT errors MATCHES "died \\(exit code 3\\)")
    message(FATAL_ERROR "no worker was lost:\n${errors}")
  endif()
endforeach()
