# Run at each build: writes OUTPUT, one small source, where the version has changed.
#   1.2.0            a checkout of the tag v1.2.0
#   1.2.0-14-g0a1b2c3d4e5f   14 commits after it; with "-dirty" where files differ from the commit
#   1.2.0+g0a1b2c3d4e5f      PROJECT_VERSION and the commit, where no tag is in sight
#   1.2.0            PROJECT_VERSION, where the sources are no checkout
set(version ${PROJECT_VERSION})
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} describe --tags --dirty --abbrev=12 --match "v[0-9]*"
    WORKING_DIRECTORY ${SOURCE_DIR} OUTPUT_VARIABLE described RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed EQUAL 0)
    string(REGEX REPLACE "^v" "" version ${described})
  else()
    execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty --abbrev=12 --exclude "*"
      WORKING_DIRECTORY ${SOURCE_DIR} OUTPUT_VARIABLE described RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(failed EQUAL 0)
      string(APPEND version "+g${described}")
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#include "cli/version.h"

namespace sluice::cli {

const char* const kVersion = "@version@";

}  // namespace sluice::cli
]] @ONLY)
