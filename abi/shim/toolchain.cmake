# CMake's toolchain file for Scull: cmake -DCMAKE_TOOLCHAIN_FILE=<this file> …
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

get_filename_component(scull_scripts "${CMAKE_CURRENT_LIST_DIR}/../../scripts" REALPATH)
set(CMAKE_C_COMPILER "${scull_scripts}/scull-cc")
set(CMAKE_CXX_COMPILER "${scull_scripts}/scull-c++")

# A program is one file: libraries are static, and the host's are not for it.
set(BUILD_SHARED_LIBS OFF)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
