# cmake -DFIRST=program -DSECOND=program -DSTATES=count -P same_verdicts.cmake
# What one build of som_cells finds of the cells of Size-on-MDS, another one of another compiler finds
# too: verdict, property, states and length of the witness.
cmake_policy(VERSION 3.25)
if(NOT EXISTS ${SECOND})
  message(STATUS "skipped: ${SECOND} was not built")
  return()
endif()
foreach(which FIRST SECOND)
  execute_process(COMMAND ${${which}} ${STATES} RESULT_VARIABLE status
    OUTPUT_VARIABLE said_${which})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${${which}} ended with ${status}")
  endif()
endforeach()
if(NOT said_FIRST STREQUAL said_SECOND)
  message(FATAL_ERROR "two verdicts:\n${said_FIRST}\n${said_SECOND}")
endif()
message(STATUS "${said_FIRST}")
