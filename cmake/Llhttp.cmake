# llhttp: the system library where there is one, else compiled from the C sources that Debian's
# node-llhttp ships.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp PATHS /usr/share/include)
find_library(LLHTTP_LIBRARY llhttp)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp)
if(NOT LLHTTP_INCLUDE_DIR OR NOT (LLHTTP_LIBRARY OR LLHTTP_SOURCE_DIR))
  message(FATAL_ERROR "llhttp is missing: run ./dev deps (Debian package node-llhttp)")
endif()
if(LLHTTP_LIBRARY)
  add_library(llhttp INTERFACE)
  target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
  target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE_DIR})
else()
  add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c ${LLHTTP_SOURCE_DIR}/llhttp.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
  target_compile_options(llhttp PRIVATE -fexceptions)  # what our callbacks throw passes through it
  set_target_properties(llhttp PROPERTIES UNITY_BUILD OFF)
endif()
