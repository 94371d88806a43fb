# Run at each build where one of FILES has changed: writes OUTPUT, a source that holds their texts
# under their paths below ROOT (pipelines/embedded.h).
set(entries "")
foreach(path IN LISTS FILES)
  file(READ ${ROOT}/${path} text)
  string(APPEND entries "    {\"${path}\", R\"embedded(${text})embedded\"},\n")
endforeach()
list(LENGTH FILES count)
file(WRITE ${OUTPUT} "#include \"pipelines/embedded.h\"

namespace sluice::pipelines {

std::span<const EmbeddedFile> embedded_files() {
  static constexpr EmbeddedFile kFiles[${count}] = {
${entries}  };
  return kFiles;
}

}  // namespace sluice::pipelines
")
