# Language level, warnings and sanitizers of every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(ETD_CCACHE ccache)
if(ETD_CCACHE)
  # Paths below the checkout are hashed relative to it, so that another checkout of the same files finds the same results.
  set(etd_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${ETD_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${etd_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${etd_launcher})
endif()

# Warnings are errors on our own code only: the flags hang on this interface target, which
# etd_library, etd_executable and etd_test add; generated code and third parties do not get them.
add_library(etd_warnings INTERFACE)
target_compile_options(etd_warnings INTERFACE -Wall -Wextra -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(etd_warnings INTERFACE -Wthread-safety -Wno-sign-conversion)
endif()

if(ETD_SANITIZE)
  string(REPLACE "," ";" sanitizers "${ETD_SANITIZE}")
  add_compile_options(-fsanitize=${ETD_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${ETD_SANITIZE})
  if("undefined" IN_LIST sanitizers)
    add_compile_options(-fno-sanitize-recover=undefined)
    # The runtime mixes C callbacks of XNNPACK with our own types; vptr checks need RTTI of both.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if("thread" IN_LIST sanitizers AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns that it cannot instrument std::atomic_thread_fence; none is ours.
    add_compile_options(-Wno-tsan)
  endif()
endif()

if(ETD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ETD_FUZZ needs clang (-DCMAKE_CXX_COMPILER=clang++): libFuzzer is a part of it")
  endif()
  # The libraries need the coverage instrumentation as well; only the fuzz targets link libFuzzer.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-sanitize=vptr
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
endif()
