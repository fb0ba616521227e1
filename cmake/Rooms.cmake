# mailvigil_room(NAME [MAY_INCLUDE room...]): src/NAME becomes the static library mailvigil_NAME, its *_test.cpp the
# test program NAME_test. No list of sources is kept by hand.
set(MAILVIGIL_LAYERS ${CMAKE_BINARY_DIR}/layers.txt)
file(WRITE ${MAILVIGIL_LAYERS} "")

function(mailvigil_room NAME)
  cmake_parse_arguments(ROOM "" "" "MAY_INCLUDE" ${ARGN})
  set(target mailvigil_${NAME})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${NAME}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE mailvigil_flags)
  # GCC 12's null-dereference analysis misfires on code that the sanitizers have instrumented, and on the standard
  # library's stream iterators, which only tests use.
  if(NOT MAILVIGIL_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -Wnull-dereference)
  endif()
  foreach(room IN LISTS ROOM_MAY_INCLUDE)
    target_link_libraries(${target} PUBLIC mailvigil_${room})
  endforeach()
  list(JOIN ROOM_MAY_INCLUDE " " row)
  file(APPEND ${MAILVIGIL_LAYERS} "${NAME}: ${row}\n")
  set_property(GLOBAL APPEND PROPERTY MAILVIGIL_ROOMS ${NAME})
endfunction()
