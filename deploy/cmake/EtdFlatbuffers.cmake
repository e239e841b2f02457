# Readers of flatbuffers schemas, generated at build time. Headers are private to the folder that owns the schema:
#
#   etd_flatbuffers(NAME runtime_program_schema SRCS schema/program.fbs)
#
# makes an interface library; its headers are included as "runtime/program/schema/program_generated.h". Schemas
# include each other by their path from the project's root.
function(etd_flatbuffers)
  cmake_parse_arguments(A "" "NAME" "SRCS" ${ARGN})
  find_program(ETD_FLATC flatc REQUIRED)
  set(root ${CMAKE_BINARY_DIR}/generated)
  set(headers)
  set(schemas)
  foreach(source ${A_SRCS})
    list(APPEND schemas ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
  foreach(schema ${schemas})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${schema})
    get_filename_component(folder ${path} DIRECTORY)
    get_filename_component(name ${path} NAME_WE)
    set(header ${root}/${folder}/${name}_generated.h)
    add_custom_command(OUTPUT ${header}
      COMMAND ${ETD_FLATC} --cpp --cpp-std c++17 --scoped-enums --gen-object-api --keep-prefix
              -I ${CMAKE_SOURCE_DIR} -o ${root}/${folder} ${schema}
      DEPENDS ${schemas}
      VERBATIM)
    list(APPEND headers ${header})
  endforeach()
  add_custom_target(${A_NAME}_headers DEPENDS ${headers})
  add_library(${A_NAME} INTERFACE)
  add_dependencies(${A_NAME} ${A_NAME}_headers)
  target_include_directories(${A_NAME} SYSTEM INTERFACE ${root})
endfunction()
