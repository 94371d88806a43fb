#include "source/sources.h"

#include <algorithm>

#include "format/formats.h"
#include "place/places.h"
#include "queue/queues.h"
#include "source/text_source.h"
#include "storage/input_file.h"
#include "table/tables.h"

namespace sluice::source {
namespace {

constexpr std::size_t kMostExpected = 8;

std::shared_ptr<place::Places> places_of(const Spec& spec) {
  return spec.places ? spec.places : std::make_shared<place::Places>(place::Settings{});
}

// A name that says nothing may be of a format that its first bytes tell, where that reads files itself:
// one of text is found by its reader.
const format::Format& format_of(const format::FormatOptions& options, const std::string& name) {
  const format::Format& format = format::format_of(options, name);
  const bool said = !options.name.empty() || format::format_by_ending(name) != nullptr;
  if (said || place::is_remote(name)) return format;
  const format::FileKind* kind = format::kind_of(storage::first_bytes(name));
  const format::Format* told = kind == nullptr ? nullptr : format::format_named(kind->format);
  return told != nullptr && told->open != nullptr ? *told : format;
}

// What is wrong with a copy is wrong with the file that it is of.
core::Error of_original(core::Error error, const place::LocalCopy& copy, const std::string& name) {
  if (const std::size_t at = error.where.find(copy.path()); at != error.where.npos)
    error.where.replace(at, copy.path().size(), name);
  return error;
}

// A file from elsewhere, of a format that reads files itself: as long as it is read, its copy is here.
class CopiedSource final : public format::RecordSource {
 public:
  CopiedSource(place::LocalCopy copy, std::unique_ptr<format::RecordSource> source,
               std::string name)
      : copy_(std::move(copy)), source_(std::move(source)), name_(std::move(name)) {}
  core::Result<State> read(const Take& take) override {
    auto state = source_->read(take);
    passed_ = source_->passed();
    if (!state) return std::unexpected(of_original(state.error(), copy_, name_));
    return state;
  }
  format::RecordReader::Description description() const override { return source_->description(); }

 private:
  const place::LocalCopy copy_;
  const std::unique_ptr<format::RecordSource> source_;
  const std::string name_;
};

}  // namespace

std::vector<std::string> shown_names(const Spec& spec) {
  if (spec.paths.empty() && spec.table) return {table::name_of(*spec.table)};
  if (spec.paths.empty() && spec.queue) return {queue::name_of(*spec.queue)};
  return spec.paths;
}

core::Result<std::vector<std::string>> names_of(const Spec& spec) {
  if (spec.paths.empty()) return shown_names(spec);
  if (std::ranges::none_of(spec.paths, place::is_remote)) return storage::expand_paths(spec.paths);
  const auto places = places_of(spec);
  std::vector<std::string> names;
  for (const std::string& path : spec.paths) {
    auto found = places->expand(path);
    if (!found) return found;
    names.insert(names.end(), std::move_iterator(found->begin()), std::move_iterator(found->end()));
  }
  return names;
}

std::optional<std::uint64_t> total_bytes(const Spec& spec, const std::vector<std::string>& names) {
  std::vector<std::string> remote;
  std::vector<std::string> local;
  std::ranges::copy_if(spec.paths, std::back_inserter(remote), place::is_remote);
  std::ranges::remove_copy_if(names, std::back_inserter(local), place::is_remote);
  const auto here = storage::total_bytes(local);
  const auto there = here && !remote.empty() ? places_of(spec)->total_bytes(remote) : 0;
  if (!here || !there) return std::nullopt;
  return *here + *there;
}

void expect(const Spec& spec, const std::vector<std::string>& names, std::size_t next) {
  if (!spec.places || next >= names.size()) return;
  const auto behind = std::span(names).subspan(next);
  spec.places->expect(behind.first(std::min(behind.size(), kMostExpected)));
}

core::Result<std::unique_ptr<format::RecordSource>> open(const Spec& spec, const std::string& name,
                                                         std::span<const storage::FileId> written) {
  if (spec.paths.empty() && spec.table) return table::open_source(*spec.table);
  if (spec.paths.empty() && spec.queue) return queue::open_source(*spec.queue);
  const format::Format& format = format_of(spec.format, name);
  const auto places = place::is_remote(name) ? places_of(spec) : nullptr;
  if (format.open == nullptr) return open_text(name, spec.format, places, written);
  if (places == nullptr) return format.open(spec.format, name, written);
  auto copy = places->local_copy(name);
  if (!copy) return std::unexpected(copy.error());
  auto source = format.open(spec.format, copy->path(), written);
  if (!source) return std::unexpected(of_original(source.error(), *copy, name));
  return std::make_unique<CopiedSource>(std::move(*copy), std::move(*source), name);
}

}  // namespace sluice::source
