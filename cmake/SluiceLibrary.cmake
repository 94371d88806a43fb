# An include root that holds nothing but a link to `dir`, so that its headers are "name/header.h".
function(sluice_include_root name dir out)
  set(root ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${dir} ${root}/${name} SYMBOLIC)
  set(${out} ${root} PARENT_SCOPE)
endfunction()

# sluice_library(core DIR runtime/core SOURCES … DEPENDS … LINK …)
#
# One folder, one library, one namespace. A library sees its own headers and those of the libraries
# it DEPENDS on, as "folder/header.h", and no others: each library's include root holds only a link
# to its own folder, so an include against the direction of ARCHITECTURE.md §2 does not compile.
#   SOURCES  the folder's .cc files
#   DEPENDS  other sluice libraries, by folder name
#   LINK     outside libraries that the folder's own .cc files need (never visible to dependents)
#   LINK_PUBLIC  outside libraries that its headers need
#   OWN_FILES    files that cannot be joined with the others in a unity build: they have helpers of the same name
#   HOT          its tests compute for minutes unless it is optimized: so it is a little, also where the rest is not
function(sluice_library name)
  cmake_parse_arguments(ARG "HOT" "DIR" "SOURCES;DEPENDS;LINK;LINK_PUBLIC;OWN_FILES" ${ARGN})
  sluice_include_root(${name} ${PROJECT_SOURCE_DIR}/${ARG_DIR} root)

  list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/${ARG_DIR}/)
  list(TRANSFORM ARG_OWN_FILES PREPEND ${PROJECT_SOURCE_DIR}/${ARG_DIR}/)
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  target_include_directories(sluice_${name} PUBLIC ${root})
  list(TRANSFORM ARG_DEPENDS PREPEND sluice_)
  target_link_libraries(sluice_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LINK_PUBLIC} PRIVATE ${ARG_LINK} sluice_options)
  set_target_properties(sluice_${name} PROPERTIES UNITY_BUILD_BATCH_SIZE 0)
  set_source_files_properties(${ARG_OWN_FILES} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(ARG_HOT)
    target_compile_options(sluice_${name} PRIVATE $<$<CONFIG:Debug>:-O1>)
  endif()
endfunction()

# Test code is compiled often and run briefly.
function(sluice_test_options target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 0)
  target_link_libraries(${target} PRIVATE sluice_options GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# sluice_test(core SOURCES … DEPENDS … LINK … [SHARDS n]): one GoogleTest program per folder, named as the folder.
#   SHARDS  under AddressSanitizer a process takes longer to start than most cases to run: there a test of ctest
#           is not a case but the n-th part of the program's cases
function(sluice_test name)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  sluice_test_options(${name}_test)
  list(TRANSFORM ARG_DEPENDS PREPEND sluice_)
  target_link_libraries(${name}_test PRIVATE ${ARG_DEPENDS} ${ARG_LINK})
  target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_precompile_headers(${name}_test REUSE_FROM test_headers)
  if(SLUICE_SANITIZE MATCHES address)
    if(NOT ARG_SHARDS)
      set(ARG_SHARDS 1)
    endif()
    foreach(shard RANGE 1 ${ARG_SHARDS})
      math(EXPR index "${shard} - 1")
      add_test(NAME ${name}.${shard} COMMAND ${name}_test)
      set_tests_properties(${name}.${shard} PROPERTIES LABELS ${name} COST ${ARG_SHARDS}
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
    endforeach()
  else()
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 120 PROPERTIES LABELS ${name})
  endif()
endfunction()
