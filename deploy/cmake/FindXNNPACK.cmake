# XNNPACK with cpuinfo: the imported target XNNPACK::XNNPACK brings both, and the header of pthreadpool, whose functions are
# our own (runtime/threads).
#
# Looked for, in this order:
#   1. the prefix ETD_XNNPACK_ROOT, a cache variable or an environment variable;
#   2. the system's own, if it is new enough (Debian 12's is not) and no sanitizer or cross build asks for another variant;
#   3. the prefix that deploy/xnnpack/build has made for this compiler and variant.

set(ETD_XNNPACK_ROOT "$ENV{ETD_XNNPACK_ROOT}" CACHE PATH "Prefix of an XNNPACK built by deploy/xnnpack/build; empty: look for it")

set(xnnpack_variant release)
if(ETD_SANITIZE MATCHES "thread")
  set(xnnpack_variant tsan)
elseif(CMAKE_CROSSCOMPILING AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(xnnpack_variant aarch64)
endif()

set(xnnpack_build ${CMAKE_CURRENT_LIST_DIR}/../xnnpack/build)
cmake_path(NORMAL_PATH xnnpack_build)
set(xnnpack_prefix "${ETD_XNNPACK_ROOT}")
set(xnnpack_system OFF)
if(NOT xnnpack_prefix AND xnnpack_variant STREQUAL "release")
  execute_process(COMMAND ${xnnpack_build} --system RESULT_VARIABLE xnnpack_result OUTPUT_QUIET ERROR_QUIET)
  if(xnnpack_result EQUAL 0)
    set(xnnpack_system ON)
  endif()
endif()
if(NOT xnnpack_prefix AND NOT xnnpack_system)
  execute_process(COMMAND ${xnnpack_build} --variant ${xnnpack_variant} --print-prefix
    RESULT_VARIABLE xnnpack_result OUTPUT_VARIABLE xnnpack_prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT xnnpack_result EQUAL 0)
    set(xnnpack_prefix "")
  endif()
endif()

# The prefix can change between two configurations of one build folder (a compiler's update), so nothing is remembered.
foreach(variable INCLUDE_DIR LIBRARY MICROKERNELS CPUINFO)
  unset(XNNPACK_${variable} CACHE)
endforeach()
set(xnnpack_where NO_DEFAULT_PATH)
if(xnnpack_system)
  set(xnnpack_where)
endif()
if(xnnpack_prefix OR xnnpack_system)
  find_path(XNNPACK_INCLUDE_DIR xnnpack.h PATHS ${xnnpack_prefix}/include ${xnnpack_where} NO_CMAKE_FIND_ROOT_PATH)
  find_library(XNNPACK_LIBRARY XNNPACK PATHS ${xnnpack_prefix}/lib ${xnnpack_where} NO_CMAKE_FIND_ROOT_PATH)
  find_library(XNNPACK_MICROKERNELS NAMES microkernels-prod xnnpack-microkernels-prod PATHS ${xnnpack_prefix}/lib
    ${xnnpack_where} NO_CMAKE_FIND_ROOT_PATH)
  find_library(XNNPACK_CPUINFO cpuinfo PATHS ${xnnpack_prefix}/lib ${xnnpack_where} NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(XNNPACK_INCLUDE_DIR XNNPACK_LIBRARY XNNPACK_MICROKERNELS XNNPACK_CPUINFO)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XNNPACK
  REQUIRED_VARS XNNPACK_LIBRARY XNNPACK_INCLUDE_DIR XNNPACK_CPUINFO
  REASON_FAILURE_MESSAGE "(no ${xnnpack_variant} variant of XNNPACK is here: run deploy/dependencies, or only deploy/xnnpack/build --variant ${xnnpack_variant}, or set ETD_XNNPACK_ROOT)")

if(XNNPACK_FOUND AND NOT TARGET XNNPACK::XNNPACK)
  find_package(Threads REQUIRED)
  add_library(XNNPACK::CPUINFO UNKNOWN IMPORTED)
  set_target_properties(XNNPACK::CPUINFO PROPERTIES IMPORTED_LOCATION ${XNNPACK_CPUINFO}
    INTERFACE_INCLUDE_DIRECTORIES ${XNNPACK_INCLUDE_DIR} INTERFACE_LINK_LIBRARIES Threads::Threads)
  # The operators call the kernels and the kernels the operators' tables; STATIC lets CMake order the cycle.
  set(xnnpack_kind STATIC)
  if(XNNPACK_LIBRARY MATCHES "\\.so$")
    set(xnnpack_kind SHARED)
  endif()
  set(xnnpack_deps XNNPACK::CPUINFO m)
  if(XNNPACK_MICROKERNELS)
    add_library(XNNPACK::MICROKERNELS STATIC IMPORTED)
    set_target_properties(XNNPACK::MICROKERNELS PROPERTIES IMPORTED_LOCATION ${XNNPACK_MICROKERNELS}
      INTERFACE_LINK_LIBRARIES "XNNPACK::XNNPACK;m")
    list(PREPEND xnnpack_deps XNNPACK::MICROKERNELS)
  endif()
  add_library(XNNPACK::XNNPACK ${xnnpack_kind} IMPORTED)
  set_target_properties(XNNPACK::XNNPACK PROPERTIES IMPORTED_LOCATION ${XNNPACK_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${XNNPACK_INCLUDE_DIR} INTERFACE_LINK_LIBRARIES "${xnnpack_deps}")
endif()
