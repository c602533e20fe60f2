# Installs the built tree into an empty folder and builds the README's consumer against that alone.
#   cmake -D BUILD_DIR=... -D SOURCE_DIR=... -D WORK_DIR=... -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: exit ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE_DIR}/examples/own_bound -B ${WORK_DIR}/build
    -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/own_bound)
if(NOT output MATCHES "OWN-01 holds")
  message(FATAL_ERROR "the consumer ran but its bound did not hold:\n${output}")
endif()
message(STATUS "${output}")

# An installed program reads the data installed with it: broken there, it is named there.
set(targets ${WORK_DIR}/prefix/share/flowcheck/data/ou_benchmark/ou_targets.csv)
file(APPEND ${targets} "no target\n")
execute_process(
  COMMAND ${WORK_DIR}/prefix/bin/flowcheck run ou_benchmark --scale quick --out ${WORK_DIR}/results
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 2 OR NOT output MATCHES "prefix/share/flowcheck/data/ou_benchmark/ou_targets.csv:")
  message(FATAL_ERROR "a broken file of the installed data was not named: exit ${status}\n${output}")
endif()
