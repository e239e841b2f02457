# Cross build for AArch64 with Debian's cross compiler. The libraries come from a folder of unpacked arm64 packages:
# ETD_AARCH64_SYSROOT (environment), made by aarch64-sysroot beside this file. Tests run under qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

if(NOT "$ENV{ETD_AARCH64_SYSROOT}" STREQUAL "")
  set(ETD_AARCH64_SYSROOT "$ENV{ETD_AARCH64_SYSROOT}" CACHE PATH "Unpacked arm64 packages")
endif()
if(NOT ETD_AARCH64_SYSROOT)
  message(FATAL_ERROR "Set ETD_AARCH64_SYSROOT to what deploy/cmake/toolchains/aarch64-sysroot prints")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ETD_AARCH64_SYSROOT)

# Not CMAKE_SYSROOT: libc and libstdc++ are the cross compiler's own.
set(CMAKE_FIND_ROOT_PATH ${ETD_AARCH64_SYSROOT} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${ETD_AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${ETD_AARCH64_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ETD_AARCH64_SYSROOT})

set(library_folder ${ETD_AARCH64_SYSROOT}/usr/lib/aarch64-linux-gnu)
set(CMAKE_CXX_FLAGS_INIT "-isystem ${ETD_AARCH64_SYSROOT}/usr/include")
set(CMAKE_C_FLAGS_INIT "-isystem ${ETD_AARCH64_SYSROOT}/usr/include")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${library_folder} -Wl,-rpath-link,${library_folder}")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=${library_folder})
