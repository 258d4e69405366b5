# Read by ctest: the tests of clang's builds, the fuzz targets' among them, run with those of the g++
# build, when asked for.
if(DEFINED ENV{ASSAY_WITH_CLANG})
  subdirs("${CMAKE_CURRENT_LIST_DIR}/../build-clang" "${CMAKE_CURRENT_LIST_DIR}/../build-fuzz/fuzz")
endif()
