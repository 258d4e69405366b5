# The simulated world's history, dialect by dialect: one seed gives the same bytes twice and with both
# compilers, `assay decode` explains each of them, and Wireshark reads them like real traffic.
set(WORK ${CMAKE_CURRENT_BINARY_DIR})
add_test(NAME same_capsule_with_clang COMMAND ${CMAKE_COMMAND}
  -DFIRST=$<TARGET_FILE:explore_capsule> -DWORK=${WORK}/clang
  -DSECOND=${PROJECT_SOURCE_DIR}/build-clang/harness/explore/explore_capsule
  -P ${PROJECT_SOURCE_DIR}/cmake/same_capsule.cmake)
add_test(NAME same_verdicts_with_clang COMMAND ${CMAKE_COMMAND}
  -DFIRST=$<TARGET_FILE:som_cells> -DSTATES=5000
  -DSECOND=${PROJECT_SOURCE_DIR}/build-clang/harness/som/som_cells
  -P ${PROJECT_SOURCE_DIR}/cmake/same_verdicts.cmake)
set_tests_properties(same_capsule_with_clang same_verdicts_with_clang PROPERTIES
  SKIP_REGULAR_EXPRESSION "skipped:")
foreach(dialect 1.8 2.0)
  set(arguments -DFIRST=$<TARGET_FILE:sim_history> -DDIALECT=${dialect} -DSEED=7)
  set(script -P ${PROJECT_SOURCE_DIR}/cmake/same_history.cmake)
  add_test(NAME same_history_twice_${dialect} COMMAND ${CMAKE_COMMAND} ${arguments}
    -DSECOND=$<TARGET_FILE:sim_history> -DWORK=${WORK}/twice-${dialect} ${script})
  add_test(NAME same_history_with_clang_${dialect} COMMAND ${CMAKE_COMMAND} ${arguments}
    -DSECOND=${PROJECT_SOURCE_DIR}/build-clang/harness/sim/sim_history
    -DWORK=${WORK}/clang-${dialect} ${script})
  set_tests_properties(same_history_with_clang_${dialect} PROPERTIES
    SKIP_REGULAR_EXPRESSION "skipped:")

  set(capture ${WORK}/history-${dialect}.pcapng)
  add_test(NAME sim_capture_${dialect} COMMAND sim_history ${dialect} 1 ${capture})
  set_tests_properties(sim_capture_${dialect} PROPERTIES FIXTURES_SETUP capture_${dialect})
  add_test(NAME sim_capture_explained_${dialect} COMMAND assay decode --brief --strict ${capture})
  add_test(NAME sim_capture_in_tshark_${dialect}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/tshark_check ${capture} ${dialect})
  set_tests_properties(sim_capture_in_tshark_${dialect} PROPERTIES SKIP_RETURN_CODE 3)
  set_tests_properties(sim_capture_explained_${dialect} sim_capture_in_tshark_${dialect}
    PROPERTIES FIXTURES_REQUIRED capture_${dialect})
endforeach()
