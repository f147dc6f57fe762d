# ESP-IDF's idf_component_register as its documentation describes it, for one component.
macro(idf_component_register)
    cmake_parse_arguments(COMPONENT "" "" "SRCS;INCLUDE_DIRS;REQUIRES" ${ARGN})
    get_filename_component(COMPONENT_LIB ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    add_library(${COMPONENT_LIB} STATIC ${COMPONENT_SRCS})
    target_include_directories(${COMPONENT_LIB} PUBLIC ${COMPONENT_INCLUDE_DIRS})
endmacro()
