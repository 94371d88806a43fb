#include "job/job_files.h"

#include <dirent.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "place/listing.h"
#include "place/uri.h"

namespace sluice::job {
namespace {

namespace fs = std::filesystem;

// What stands in a checkpoint's folder under a fixed name (runtime/checkpoint).
constexpr std::array<std::string_view, 8> kCheckpointFiles = {"checkpoint.db",
                                                              "checkpoint.db-wal",
                                                              "checkpoint.db-shm",
                                                              "checkpoint.db.new",
                                                              "tail-0",
                                                              "tail-1",
                                                              "lock",
                                                              "delivered.json"};

std::optional<storage::FileId> file_at(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? std::optional(storage::id_of(info)) : std::nullopt;
}

// Without links and dots, as far as it is there.
fs::path place_of(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path.lexically_normal() : whole;
}

// A file of the job that may not be there yet.
struct Output {
  Output(std::string path, std::string_view what)
      : path(std::move(path)), what(what), file(file_at(this->path)), place(place_of(this->path)) {}
  std::string path;
  std::string_view what;
  std::optional<storage::FileId> file;
  fs::path place;
};

bool is_same(const Output& output, const std::string& path) {
  const auto file = file_at(path);
  if (file || output.file) return file == output.file;
  return place_of(path) == output.place;
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[\\") != text.npos;
}

// Folders are read to their end, but for a pattern that fits half a disk: then only so many names
// are looked at. What is opened is looked at in any case (InputFile::open).
constexpr int kMostEntries = 200'000;
thread_local int names_left = 0;

struct dirent* next_name(void* folder) {
  return names_left-- > 0 ? ::readdir(static_cast<DIR*>(folder)) : nullptr;
}

std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  found.gl_opendir = [](const char* name) -> void* { return ::opendir(name); };
  found.gl_readdir = next_name;
  found.gl_closedir = [](void* folder) { ::closedir(static_cast<DIR*>(folder)); };
  found.gl_stat = [](const char* path, struct stat* info) { return ::stat(path, info); };
  found.gl_lstat = [](const char* path, struct stat* info) { return ::lstat(path, info); };
  names_left = kMostEntries;
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_ALTDIRFUNC, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

// A pattern from the root on: its folders up to the first that is a pattern itself are resolved.
std::string rooted(const std::string& pattern) {
  fs::path plain;
  fs::path rest;
  for (const fs::path& part : fs::path(pattern)) {
    if (!rest.empty() || is_pattern(part.native())) {
      rest /= part;
    } else {
      plain /= part;
    }
  }
  const fs::path place = place_of(plain.empty() ? "." : plain);
  return (rest.empty() ? place : place / rest).string();
}

// Whether a pattern of the input would find this file, under its own name, once it is there.
bool would_find(const std::string& pattern, const fs::path& place) {
  const std::size_t slash = pattern.rfind('/');
  const std::string name = pattern.substr(slash + 1);  // npos + 1 = 0
  const std::string folder = slash == pattern.npos ? "."
                             : slash == 0          ? "/"
                                                   : pattern.substr(0, slash);
  if (::fnmatch(name.c_str(), place.filename().c_str(), FNM_PERIOD) != 0) return false;
  const fs::path parent = place.parent_path();
  if (::fnmatch(rooted(folder).c_str(), parent.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0)
    return true;
  return std::ranges::any_of(matches_of(folder),
                             [&](const std::string& found) { return place_of(found) == parent; });
}

bool would_find(const std::string& pattern, const Output& output) {
  if (!is_pattern(pattern)) return is_same(output, pattern);
  // What its name links to is as good as itself, and so is the name.
  const fs::path path = output.path;
  const fs::path named =
      place_of(path.has_parent_path() ? path.parent_path() : ".") / path.filename();
  return would_find(pattern, output.place) || would_find(pattern, named);
}

std::vector<Output> outputs_of(const stages::JobSpec& job) {
  std::vector<Output> all;
  for (const stages::PipelineSpec& question : job.questions) {
    all.emplace_back(question.sink.path, "the output");
    all.emplace_back(question.sink.rejects, "the rejects file");
    for (const stages::DeliverySpec& to : question.sink.deliveries)
      if (!to.in_pieces() && !place::is_remote(to.path)) all.emplace_back(to.path, "an output");
  }
  return all;
}

std::unexpected<core::Error> wrong(std::string why, const std::string& where) {
  return core::fail(core::ErrorCode::pipeline, std::move(why), where);
}

core::Status outputs_apart(const stages::JobSpec& job, const std::vector<Output>& outputs) {
  for (std::size_t a = 0; a < outputs.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (is_same(outputs[a], outputs[b].path))
        return wrong(fmt::format("{} and {} ({}) of this job are one file: give each a name of its "
                                 "own",
                                 outputs[b].what, outputs[a].what, outputs[b].path),
                     outputs[a].path);
    }
    const fs::path& place = outputs[a].place;
    const bool taken =
        std::ranges::find(kCheckpointFiles, place.filename().string()) != kCheckpointFiles.end();
    const auto in = [&](const std::string& folder) {
      return place.parent_path() == place_of(folder);
    };
    if (taken && (in(job.directory) ||
                  std::ranges::any_of(job.questions, [&](const stages::PipelineSpec& question) {
                    return in(question.checkpoint.directory);
                  })))
      return wrong("is a file of the checkpoint: give the sink another name", outputs[a].path);
  }
  return {};
}

// Whether a path is inside the folder, asked for many paths of few folders.
class Inside {
 public:
  explicit Inside(const std::string& folder) : folder_(place_of(folder)) {}
  bool operator()(const fs::path& path) {
    const auto [at, first] = known_.emplace(path.parent_path().string(), false);
    if (first) {
      const fs::path parent = place_of(path).parent_path();
      at->second =
          std::mismatch(folder_.begin(), folder_.end(), parent.begin(), parent.end()).first ==
          folder_.end();
    }
    return at->second;
  }

 private:
  const fs::path folder_;
  std::unordered_map<std::string, bool> known_;
};

core::Status input_apart(const std::string& pattern, const stages::JobSpec& job,
                         const std::vector<Output>& outputs) {
  for (const Output& output : outputs) {
    if (!would_find(pattern, output)) continue;
    if (!is_pattern(pattern))
      return wrong(fmt::format("s.read would read {} of this job ({}): give one of them another "
                               "name",
                               output.what, output.path),
                   pattern);
    return wrong(fmt::format("this pattern of s.read fits {} of this job ({}), so that it would be "
                             "read as input: give that another folder or a name that the pattern "
                             "does not fit, or narrow the pattern",
                             output.what, output.path),
                 pattern);
  }
  Inside checkpoint(job.directory);
  for (const std::string& path : matches_of(pattern)) {
    const auto file = file_at(path);
    for (const Output& output : outputs) {
      if (!file || file != output.file) continue;
      return wrong(fmt::format("is {} of this job ({}) under another name, and s.read would read "
                               "it: remove it, or narrow the pattern '{}'",
                               output.what, output.path, pattern),
                   path);
    }
    if (checkpoint(path))
      return wrong(fmt::format("is in the folder of this job's checkpoint ({}), and s.read would "
                               "read it: narrow the pattern '{}'",
                               job.directory, pattern),
                   path);
  }
  if (is_pattern(pattern) && would_find(pattern, place_of(job.directory + "/checkpoint.db")))
    return wrong(fmt::format("this pattern of s.read fits this job's checkpoint ({}): narrow it",
                             job.directory),
                 pattern);
  return {};
}

// With which of its names s.read would read the object `path`, which the job writes.
std::optional<std::string> read_at(const stages::JobSpec& job, const std::string& path) {
  const auto to = place::parse_uri(path);
  for (const std::string& input : job.questions.front().read.paths) {
    if (!to || !place::is_remote(input)) continue;
    if (const auto from = place::parse_uri(input); from && place::takes_in(*from, *to))
      return input;
  }
  return std::nullopt;
}

}  // namespace

core::Status keep_apart(const stages::JobSpec& job) {
  const std::vector<Output> outputs = outputs_of(job);
  if (auto apart = outputs_apart(job, outputs); !apart) return apart;
  // Later questions read what the job itself has made for them.
  for (const std::string& pattern : job.questions.front().read.paths) {
    if (pattern == "-" || place::is_remote(pattern)) continue;
    if (auto apart = input_apart(pattern, job, outputs); !apart) return apart;
  }
  for (const stages::DeliverySpec& to : job.questions.back().sink.deliveries) {
    if (!place::is_remote(to.path)) continue;
    if (const auto input = read_at(job, to.path))
      return wrong(fmt::format("'{}' of s.read names this object, so that the next run would read "
                               "the answers as input: give it another name or prefix",
                               *input),
                   to.path);
  }
  return {};
}

core::Status keep_export_apart(const stages::JobSpec& job, const std::string& path,
                               std::string_view what) {
  const auto refused = [&](std::string why) {
    return core::fail(core::ErrorCode::usage, std::move(why), path);
  };
  const std::string own =
      fmt::format("this is one of the job's own files: give {} another name", what);
  if (place::is_remote(path)) {
    if (const auto to = place::parse_uri(path); !to) return std::unexpected(to.error());
    if (const auto input = read_at(job, path))
      return refused(
          fmt::format("'{}' of s.read names this object, so that the next run would "
                      "read {} as input: give it another name or prefix",
                      *input, what));
    return {};
  }
  for (const Output& output : outputs_of(job))
    if (is_same(output, path)) return refused(own);
  const Output target(path, what);
  for (const std::string& pattern : job.questions.front().read.paths) {
    if (pattern == "-" || place::is_remote(pattern)) continue;
    const std::vector<std::string> inputs = matches_of(pattern);
    if (std::ranges::any_of(inputs,
                            [&](const std::string& input) { return is_same(target, input); }))
      return refused(own);
    if (would_find(pattern, target))
      return refused(
          fmt::format("the pattern '{}' of s.read fits this name, so that the next run "
                      "would read {} as input: give it another name or folder",
                      pattern, what));
  }
  return {};
}

std::vector<storage::FileId> written_files(const stages::PipelineSpec& question) {
  std::vector<std::string> paths = {question.sink.path, question.sink.rejects,
                                    question.checkpoint.directory + "/checkpoint.db"};
  for (const stages::DeliverySpec& to : question.sink.deliveries) paths.push_back(to.path);
  std::vector<storage::FileId> files;
  for (const std::string& path : paths)
    if (const auto file = file_at(path)) files.push_back(*file);
  return files;
}

}  // namespace sluice::job
