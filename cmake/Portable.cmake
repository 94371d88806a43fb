# The `portable` preset: a program that needs of its machine no library but glibc and libgcc_s, which every
# glibc distribution has. Debian has archives (.a) of most of our libraries. Of three it has none: these are compiled from Debian's
# own sources, which `./dev build portable` fetches into build/sources; their headers are those of the -dev packages.
set(SLUICE_SOURCES_DIR ${PROJECT_SOURCE_DIR}/build/sources CACHE PATH "Unpacked Debian sources of onetbb, simdjson and fmtlib")
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(OPENSSL_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)

# libgcc_s is not linked in: its copy of Debian 12 asks for a newer glibc than all the rest (_dl_find_object, 2.35).
# jemalloc's malloc must stay visible to glibc, which allocates what we free (getcwd): so no --exclude-libs.
add_link_options(-static-libstdc++ -Wl,--gc-sections)

function(sluice_compiled_library name target pattern)
  file(GLOB sources ${SLUICE_SOURCES_DIR}/${pattern})
  if(NOT sources)
    message(FATAL_ERROR "${SLUICE_SOURCES_DIR}/${pattern}: no such sources: run ./dev build portable")
  endif()
  add_library(sluice_${name} STATIC ${sources})
  set_target_properties(sluice_${name} PROPERTIES UNITY_BUILD OFF)
  add_library(${target} ALIAS sluice_${name})
endfunction()

sluice_compiled_library(tbb TBB::tbb "onetbb-*/src/tbb/*.cpp")
target_compile_definitions(sluice_tbb PRIVATE __TBB_BUILD __TBB_DYNAMIC_LOAD_ENABLED=0 __TBB_SOURCE_DIRECTLY_INCLUDED=1)
target_compile_options(sluice_tbb PRIVATE -flifetime-dse=1)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
  target_compile_options(sluice_tbb PRIVATE -mrtm -mwaitpkg)
endif()
target_link_libraries(sluice_tbb PUBLIC Threads::Threads)

sluice_compiled_library(simdjson simdjson::simdjson "simdjson-*/singleheader/simdjson.cpp")
target_compile_definitions(sluice_simdjson PUBLIC SIMDJSON_THREADS_ENABLED=1)

sluice_compiled_library(fmt fmt::fmt "fmtlib-*/src/[fo][os]*.cc")  # format.cc and os.cc; fmt.cc is a module
target_compile_definitions(sluice_fmt INTERFACE FMT_SHARED)  # as with the shared one: so ccache has the release build's objects

pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv-static)
find_library(JEMALLOC_ARCHIVE jemalloc_pic REQUIRED)
add_library(PkgConfig::JEMALLOC STATIC IMPORTED)
set_target_properties(PkgConfig::JEMALLOC PROPERTIES IMPORTED_LOCATION ${JEMALLOC_ARCHIVE})
