# mailvigil_roster(ROOM FOLDER TYPE T): every src/ROOM/FOLDER/x.cpp defines `extern const T x` in namespace
# mailvigil::ROOM::FOLDER; this writes the sorted list of them, roster() of ROOM/FOLDER/roster.h, into the build tree.
# A missing or misnamed descriptor is a link error. A name that is a word of C++ takes a trailing underscore.
set(MAILVIGIL_ROSTERS ${CMAKE_BINARY_DIR}/rosters.txt)
file(WRITE ${MAILVIGIL_ROSTERS} "")

function(mailvigil_roster ROOM FOLDER)
  cmake_parse_arguments(ROSTER "" "TYPE" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${ROOM}/${FOLDER}/*.cpp)
  list(FILTER files EXCLUDE REGEX "_test\\.cpp$")
  list(SORT files)
  set(declarations "")
  set(entries "")
  set(names "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(APPEND names " ${name}")
    string(APPEND declarations "extern const ${ROSTER_TYPE} ${name};\n")
    string(APPEND entries "    &${name},\n")
  endforeach()
  file(APPEND ${MAILVIGIL_ROSTERS} "${ROOM}/${FOLDER}:${names}\n")
  set(generated ${CMAKE_BINARY_DIR}/generated/${ROOM}/${FOLDER}_roster.cpp)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT [[
// Written by cmake/Roster.cmake from the files of src/@ROOM@/@FOLDER@.
#include "@ROOM@/@FOLDER@/roster.h"

namespace mailvigil::@ROOM@::@FOLDER@ {

@declarations@
std::span<const @ROSTER_TYPE@* const> roster() {
    static constexpr const @ROSTER_TYPE@* kEntries[] = {
@entries@    };
    return kEntries;
}

}  // namespace mailvigil::@ROOM@::@FOLDER@
]])
  target_sources(mailvigil_${ROOM} PRIVATE ${generated})
endfunction()
