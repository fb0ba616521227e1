# mailvigil_embed(TARGET SYMBOL s FOLDERS f...): compiles every .yml below the folders into TARGET, so that the program
# works with no file beside it. The generated header app/embedded_s.h is src/app/shipped.h's only source.
function(mailvigil_embed TARGET)
  cmake_parse_arguments(EMBED "" "SYMBOL" "FOLDERS" ${ARGN})
  set(files "")
  foreach(folder IN LISTS EMBED_FOLDERS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${folder}/*.yml)
    list(APPEND files ${found})
  endforeach()
  list(SORT files)
  set(assembly "")
  set(declarations "")
  set(entries "")
  set(depends "")
  set(index 0)
  foreach(file IN LISTS files)
    set(label mailvigil_${EMBED_SYMBOL}_${index})
    string(APPEND assembly
      "    .global ${label}\n    .global ${label}_end\n${label}:\n    .incbin \"${CMAKE_SOURCE_DIR}/${file}\"\n${label}_end:\n")
    string(APPEND declarations "extern \"C\" const char ${label}[];\nextern \"C\" const char ${label}_end[];\n")
    string(APPEND entries "        {\"${file}\", {${label}, ${label}_end}},\n")
    list(APPEND depends ${CMAKE_SOURCE_DIR}/${file})
    math(EXPR index "${index} + 1")
  endforeach()
  set(stem ${CMAKE_BINARY_DIR}/generated/app/embedded_${EMBED_SYMBOL})
  file(CONFIGURE OUTPUT ${stem}.S CONTENT "    .section .rodata\n${assembly}    .section .note.GNU-stack,\"\",%progbits\n" @ONLY)
  file(CONFIGURE OUTPUT ${stem}.cpp @ONLY CONTENT [[
// Written by cmake/Embed.cmake.
#include "app/@EMBED_SYMBOL@.h"

@declarations@
namespace mailvigil::app {

std::span<const ShippedFile> @EMBED_SYMBOL@() {
    static const ShippedFile kFiles[] = {
@entries@    };
    return kFiles;
}

}  // namespace mailvigil::app
]])
  set_source_files_properties(${stem}.S PROPERTIES OBJECT_DEPENDS "${depends}" LANGUAGE ASM)
  target_sources(${TARGET} PRIVATE ${stem}.S ${stem}.cpp)
endfunction()
