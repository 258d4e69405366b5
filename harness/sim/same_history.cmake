# Runs two builds of sim_history, each twice, and compares what they write, byte for byte:
# cmake -DONE=… -DTWO=… -DDIALECT=… -P same_history.cmake
set(folder ${CMAKE_CURRENT_BINARY_DIR}/same-history-${DIALECT})
file(MAKE_DIRECTORY ${folder})
foreach(seed 1 2 3 4 5)
  foreach(run one two)
    string(TOUPPER ${run} program)
    foreach(time first second)
      execute_process(COMMAND ${${program}} ${DIALECT} ${seed} ${folder}/${run}-${time}.pcapng
        RESULT_VARIABLE status OUTPUT_VARIABLE said)
      if(NOT status EQUAL 0)
        message(FATAL_ERROR "${${program}} ${DIALECT} ${seed}: ${status}")
      endif()
    endforeach()
  endforeach()
  foreach(other one-second two-first two-second)
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${folder}/one-first.pcapng
      ${folder}/${other}.pcapng RESULT_VARIABLE differ)
    if(differ)
      message(FATAL_ERROR "seed ${seed}, dialect ${DIALECT}: one-first and ${other} differ")
    endif()
  endforeach()
  message(STATUS "seed ${seed}: ${said}")
endforeach()
