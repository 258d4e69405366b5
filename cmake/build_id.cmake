# cmake -DSOURCE=dir -DOUTPUT=file -P build_id.cmake: the tree's commit as a C++ string literal.
cmake_policy(VERSION 3.25)
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(id "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "\"@id@\"\n" @ONLY)
