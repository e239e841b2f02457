# The only ways to add a target: etd_library, etd_executable and etd_test.
#
#   etd_library(NAME runtime_base SRCS a.cc b.cc DEPS absl::status [PRECOMPILE headers that most of the sources include])
#   etd_executable(NAME etrun SRCS main.cc DEPS runtime_exec)
#   etd_test(NAME runtime_base_test SRCS a_test.cc DEPS runtime_base [TIMEOUT seconds] [LABELS x])
#
# Includes are written from the project's root; generated headers from the build's root.

# Headers that most sources of a library include, precompiled for it where that pays.
function(etd_precompile target)
  list(LENGTH ARGN count)
  if(NOT ETD_PRECOMPILE OR count LESS 6)
    return()
  endif()
  target_precompile_headers(${target} PRIVATE <absl/container/flat_hash_map.h> <absl/status/statusor.h> <fmt/format.h>
    <algorithm> <array> <functional> <map> <memory> <optional> <span> <string> <variant> <vector>)
  foreach(header IN LISTS A_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${header})
  endforeach()
endfunction()

function(etd_library)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS;PRECOMPILE" ${ARGN})
  if(A_SRCS)
    add_library(${A_NAME} STATIC ${A_SRCS})
    target_include_directories(${A_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${A_NAME} PUBLIC ${A_DEPS} PRIVATE etd_warnings)
    etd_precompile(${A_NAME} ${A_SRCS})
  else()
    add_library(${A_NAME} INTERFACE)
    target_include_directories(${A_NAME} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${A_NAME} INTERFACE ${A_DEPS})
  endif()
endfunction()

function(etd_executable)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${A_NAME} ${A_SRCS})
  target_include_directories(${A_NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${A_NAME} PRIVATE ${A_DEPS} etd_warnings)
  target_compile_definitions(${A_NAME} PRIVATE ETD_VERSION="${PROJECT_VERSION}")
endfunction()

# A GoogleTest program run by ctest as one test.
function(etd_test)
  cmake_parse_arguments(A "" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${A_NAME} ${A_SRCS})
  target_include_directories(${A_NAME} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${A_NAME} PRIVATE ${A_DEPS} GTest::gmock GTest::gtest GTest::gtest_main etd_warnings)
  target_compile_definitions(${A_NAME} PRIVATE ETD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${A_NAME} COMMAND ${A_NAME})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  set_tests_properties(${A_NAME} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}")
endfunction()
