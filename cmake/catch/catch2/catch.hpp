// Catch2 beside our CHECK: both want the name, and ours wins wherever the two headers meet. So in
// unit tests REQUIRE, CHECK_FALSE … are Catch2's, and CHECK is ours: it aborts the test program.
#pragma once
#pragma GCC system_header  // include_next is an extension

#undef CHECK
#include_next <catch2/catch.hpp>
#undef CHECK
#include "protocol/check.h"
#include "protocol/check_macro.inc"
