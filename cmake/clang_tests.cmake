# Read by ctest: the tests of the clang build run with those of the g++ build, when asked for.
if(DEFINED ENV{ASSAY_WITH_CLANG})
  subdirs("${CMAKE_CURRENT_LIST_DIR}/../build-clang")
endif()
