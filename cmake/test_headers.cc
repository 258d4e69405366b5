// Nothing: the headers that all unit tests include are compiled with this source (CMakeLists.txt).
