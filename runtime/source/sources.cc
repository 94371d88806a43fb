#include "source/sources.h"

#include "source/text_source.h"
#include "storage/input_file.h"

namespace sluice::source {

core::Result<std::vector<std::string>> names_of(const Spec& spec) {
  return storage::expand_paths(spec.paths);
}

std::optional<std::uint64_t> total_bytes(const std::vector<std::string>& names) {
  return storage::total_bytes(names);
}

core::Result<std::unique_ptr<format::RecordSource>> open(const Spec& spec, const std::string& name,
                                                         std::span<const storage::FileId> written) {
  return open_text(name, spec.format, written);
}

}  // namespace sluice::source
