# mailvigil_ebpf(TARGET SOURCE): compiles the eBPF object for the kernel, in two ways (maps.h says which), and puts it into TARGET, so that the program
# needs no file and no compiler where it runs. Its types are put in place when it is loaded (CO-RE).
find_program(MAILVIGIL_BPF_CLANG NAMES clang-19 clang-14 clang REQUIRED)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf>=1.1)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)

function(mailvigil_ebpf TARGET SOURCE)
  get_filename_component(folder ${CMAKE_SOURCE_DIR}/${SOURCE} DIRECTORY)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  set(place ${CMAKE_BINARY_DIR}/generated/sensor/ebpf)
  set(stem ${place}/embedded_object)
  file(MAKE_DIRECTORY ${place})
  set(assembly "    .section .rodata\n")
  set(objects "")
  foreach(kind typed plain)
    set(object ${place}/watch_${kind}.bpf.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${MAILVIGIL_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wno-unused-function -Werror
        $<$<STREQUAL:${kind},typed>:-DMV_TYPED> -D__TARGET_ARCH_x86 -I${CMAKE_SOURCE_DIR}/src
        -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.
        -c ${CMAKE_SOURCE_DIR}/${SOURCE} -o ${object}
      DEPENDS ${CMAKE_SOURCE_DIR}/${SOURCE} ${headers}
      COMMENT "eBPF object, ${kind}" VERBATIM COMMAND_EXPAND_LISTS)
    set(label mailvigil_ebpf_${kind})
    string(APPEND assembly "    .balign 16\n    .global ${label}\n    .global ${label}_end\n${label}:\n    .incbin \"${object}\"\n${label}_end:\n")
    list(APPEND objects ${object})
  endforeach()
  file(CONFIGURE OUTPUT ${stem}.S @ONLY CONTENT "${assembly}    .section .note.GNU-stack,\"\",%progbits\n")
  file(CONFIGURE OUTPUT ${stem}.cpp @ONLY CONTENT [[
// Written by cmake/Ebpf.cmake.
#include "sensor/ebpf/embedded_object.h"

extern "C" const char mailvigil_ebpf_typed[];
extern "C" const char mailvigil_ebpf_typed_end[];
extern "C" const char mailvigil_ebpf_plain[];
extern "C" const char mailvigil_ebpf_plain_end[];

namespace mailvigil::sensor::ebpf {

std::array<std::string_view, 2> embedded_objects() {
    return {std::string_view(mailvigil_ebpf_typed, mailvigil_ebpf_typed_end),
            std::string_view(mailvigil_ebpf_plain, mailvigil_ebpf_plain_end)};
}

}  // namespace mailvigil::sensor::ebpf
]])
  set_source_files_properties(${stem}.S PROPERTIES OBJECT_DEPENDS "${objects}" LANGUAGE ASM)
  target_sources(${TARGET} PRIVATE ${stem}.S ${stem}.cpp)
  target_link_libraries(${TARGET} PRIVATE PkgConfig::libbpf PkgConfig::libsystemd)
endfunction()
