# Run at each build where one of FILES has changed: writes OUTPUT, a source that holds their texts for HEADER, in
# NAMESPACE. A file is called by its path below ROOT, or by its name alone where it is given with its whole path. With
# SHA256, each text has its hash beside it.
set(entries "")
foreach(path IN LISTS FILES)
  if(IS_ABSOLUTE ${path})
    file(READ ${path} text)
    cmake_path(GET path FILENAME path)
  else()
    file(READ ${ROOT}/${path} text)
  endif()
  set(hash "")
  if(SHA256)
    string(SHA256 hash "${text}")
    set(hash ", \"${hash}\"")
  endif()
  string(APPEND entries "    {\"${path}\", R\"embedded(${text})embedded\"${hash}},\n")
endforeach()
list(LENGTH FILES count)
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::span<const EmbeddedFile> embedded_files() {
  static constexpr EmbeddedFile kFiles[${count}] = {
${entries}  };
  return kFiles;
}

}  // namespace ${NAMESPACE}
")
