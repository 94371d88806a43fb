# Run at each build where one of FILES has changed: writes OUTPUT, their texts one behind the other.
set(all "")
foreach(path IN LISTS FILES)
  file(READ ${path} text)
  string(APPEND all "${text}")
endforeach()
file(WRITE ${OUTPUT} "${all}")
