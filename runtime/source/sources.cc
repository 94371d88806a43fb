#include "source/sources.h"

#include "format/formats.h"
#include "source/text_source.h"
#include "storage/input_file.h"

namespace sluice::source {

namespace {

// A name that says nothing may be of a format that its first bytes tell, where that reads files itself:
// one of text is found by its reader.
const format::Format& format_of(const format::FormatOptions& options, const std::string& name) {
  const format::Format& format = format::format_of(options, name);
  if (!options.name.empty() || format::format_by_ending(name) != nullptr) return format;
  const format::FileKind* kind = format::kind_of(storage::first_bytes(name));
  const format::Format* told = kind == nullptr ? nullptr : format::format_named(kind->format);
  return told != nullptr && told->open != nullptr ? *told : format;
}

}  // namespace

core::Result<std::vector<std::string>> names_of(const Spec& spec) {
  return storage::expand_paths(spec.paths);
}

std::optional<std::uint64_t> total_bytes(const std::vector<std::string>& names) {
  return storage::total_bytes(names);
}

core::Result<std::unique_ptr<format::RecordSource>> open(const Spec& spec, const std::string& name,
                                                         std::span<const storage::FileId> written) {
  const format::Format& format = format_of(spec.format, name);
  if (format.open != nullptr) return format.open(spec.format, name, written);
  return open_text(name, spec.format, written);
}

}  // namespace sluice::source
