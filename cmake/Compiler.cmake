# Warnings, hardening and the libraries of Debian 12.
find_package(PkgConfig REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(RapidJSON REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto SSL)
find_package(Threads REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(audit REQUIRED IMPORTED_TARGET audit)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
add_library(re2::re2 ALIAS PkgConfig::re2)
if(NOT TARGET rapidjson)
  add_library(rapidjson INTERFACE)
  target_include_directories(rapidjson SYSTEM INTERFACE ${RapidJSON_INCLUDE_DIRS})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(mailvigil_flags INTERFACE)
target_compile_options(mailvigil_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  -Wmissing-declarations -Wimplicit-fallthrough -Werror
  -fstack-protector-strong -fstack-clash-protection)
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-fcf-protection MAILVIGIL_HAS_CF_PROTECTION)
if(MAILVIGIL_HAS_CF_PROTECTION)
  target_compile_options(mailvigil_flags INTERFACE -fcf-protection)
endif()
# TRY is a GNU statement expression; clang warns of it even behind __extension__. And it warns of what libstdc++'s own
# std::stable_sort calls.
target_compile_options(mailvigil_flags INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression-from-macro-expansion -Wno-deprecated-declarations>)
target_link_options(mailvigil_flags INTERFACE -Wl,-z,relro,-z,now
  # GCC 12 misreads fmt's fill characters when it optimises at link time.
  $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-stringop-overflow>)
target_compile_definitions(mailvigil_flags INTERFACE
  _GLIBCXX_ASSERTIONS $<$<CONFIG:Release>:_FORTIFY_SOURCE=3>)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(MAILVIGIL_SANITIZE)
  target_compile_options(mailvigil_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(mailvigil_flags INTERFACE -fsanitize=address,undefined)
endif()
if(MAILVIGIL_FUZZ)
  target_compile_options(mailvigil_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
