# mailvigil_ebpf(TARGET SOURCE): compiles the eBPF object for the kernel and puts it into TARGET, so that the program
# needs no file and no compiler where it runs. Its types are put in place when it is loaded (CO-RE).
find_program(MAILVIGIL_BPF_CLANG NAMES clang-19 clang-14 clang REQUIRED)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf>=1.1)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)

function(mailvigil_ebpf TARGET SOURCE)
  get_filename_component(folder ${CMAKE_SOURCE_DIR}/${SOURCE} DIRECTORY)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  set(object ${CMAKE_BINARY_DIR}/generated/sensor/ebpf/watch.bpf.o)
  set(stem ${CMAKE_BINARY_DIR}/generated/sensor/ebpf/embedded_object)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/sensor/ebpf)
  add_custom_command(OUTPUT ${object}
    COMMAND ${MAILVIGIL_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wno-unused-function -Werror
      -D__TARGET_ARCH_x86 -I${CMAKE_SOURCE_DIR}/src -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.
      -c ${CMAKE_SOURCE_DIR}/${SOURCE} -o ${object}
    DEPENDS ${CMAKE_SOURCE_DIR}/${SOURCE} ${headers}
    COMMENT "eBPF object" VERBATIM)
  file(CONFIGURE OUTPUT ${stem}.S @ONLY CONTENT
    "    .section .rodata\n    .balign 16\n    .global mailvigil_ebpf\n    .global mailvigil_ebpf_end\nmailvigil_ebpf:\n    .incbin \"${object}\"\nmailvigil_ebpf_end:\n    .section .note.GNU-stack,\"\",%progbits\n")
  file(CONFIGURE OUTPUT ${stem}.cpp @ONLY CONTENT [[
// Written by cmake/Ebpf.cmake.
#include "sensor/ebpf/embedded_object.h"

extern "C" const char mailvigil_ebpf[];
extern "C" const char mailvigil_ebpf_end[];

namespace mailvigil::sensor::ebpf {

std::string_view embedded_object() {
    return {mailvigil_ebpf, mailvigil_ebpf_end};
}

}  // namespace mailvigil::sensor::ebpf
]])
  set_source_files_properties(${stem}.S PROPERTIES OBJECT_DEPENDS ${object} LANGUAGE ASM)
  target_sources(${TARGET} PRIVATE ${stem}.S ${stem}.cpp)
  target_link_libraries(${TARGET} PRIVATE PkgConfig::libbpf PkgConfig::libsystemd)
endfunction()
