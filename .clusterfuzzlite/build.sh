#!/bin/bash -eu
# Run by ClusterFuzzLite and OSS-Fuzz in their builder, which sets CC, CXX, CXXFLAGS, OUT and the
# engine. Our libraries are the system's, made for its own C++ library.
export CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"
"$SRC/assay/scripts/build_fuzzers" "$WORK/build"
