#include "script/project.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "pipelines/embedded.h"

namespace sluice::script {
namespace {

core::Result<std::string> read_file(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("cannot read '{}': {}", path, std::generic_category().message(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("cannot read '{}': it is not a regular file", path));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kMaxFileBytes + 1, '\0');
  if (!in) {
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("cannot read '{}': {}", path, std::generic_category().message(errno)));
  }
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (bytes.size() > kMaxFileBytes) {
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("'{}' is larger than {} MiB", path, kMaxFileBytes >> 20));
  }
  return bytes;
}

constexpr std::string_view kEmbedded = "sluice.";  // how the names of modules inside begin

std::unexpected<core::Error> not_recorded(const std::string& path) {
  return core::fail(core::ErrorCode::internal,
                    fmt::format("'{}' was not read when the file was first loaded", path));
}

}  // namespace

Project::Project(std::string file, std::map<std::string, std::string> parameters,
                 Environment environment, std::vector<std::string> libraries)
    : file_(std::move(file)),
      given_(std::move(parameters)),
      environment_(std::move(environment)),
      libraries_(std::move(libraries)) {
  const std::size_t slash = file_.rfind('/');
  if (slash != std::string::npos) folder_ = file_.substr(0, slash + 1);
}

void Project::put_file(std::string text) {
  sources_.emplace(file_, std::make_unique<Source>(file_, std::move(text)));
}

core::Result<std::string> Project::find(const std::string& name) {
  if (const auto known = found_.find(name); known != found_.end()) return known->second;
  if (sealed_) return not_recorded(name);
  std::vector<std::string> folders = {folder_};
  for (const std::string& library : libraries_)
    folders.push_back(library.ends_with('/') ? library : library + "/");
  std::string path = name.starts_with('/') ? name : folder_ + name;
  std::error_code missing;
  for (std::size_t i = 1; i < folders.size() && !std::filesystem::exists(path, missing); ++i) {
    if (std::filesystem::exists(folders[i] + name, missing)) path = folders[i] + name;
  }
  const std::filesystem::path real = std::filesystem::canonical(path, missing);
  if (missing) {
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("cannot read '{}': {}", path, missing.message()));
  }
  const bool inside = std::ranges::any_of(folders, [&](const std::string& folder) {
    std::error_code wrong;
    const auto root = std::filesystem::canonical(folder.empty() ? "." : folder, wrong);
    return !wrong && std::ranges::mismatch(root, real).in1 == root.end();
  });
  if (!inside) {
    return core::fail(core::ErrorCode::pipeline,
                      real == path
                          ? fmt::format("'{}' is outside of the pipeline file's folder", path)
                          : fmt::format("'{}' leads to '{}', outside of the pipeline file's folder",
                                        path, real.string()));
  }
  return found_.emplace(name, std::move(path)).first->second;
}

core::Result<const Source*> Project::source(const std::string& path) {
  if (const auto known = sources_.find(path); known != sources_.end()) return known->second.get();
  if (sealed_) return not_recorded(path);
  auto bytes = read_file(path);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (bytes->starts_with("\xEF\xBB\xBF")) bytes->erase(0, 3);  // a byte order mark is no Lua
  auto made = std::make_unique<Source>(path, std::move(*bytes));
  return sources_.emplace(path, std::move(made)).first->second.get();
}

const Source* Project::embedded(const std::string& name) {
  if (const auto known = sources_.find(name); known != sources_.end()) return known->second.get();
  std::string path = name.substr(std::min(kEmbedded.size(), name.size()));
  std::ranges::replace(path, '.', '/');
  const auto text = pipelines::embedded_file(path + ".lua");
  if (!text || sealed_) return nullptr;
  embedded_.insert(name);
  auto made = std::make_unique<Source>(name, std::string(*text));
  return sources_.emplace(name, std::move(made)).first->second.get();
}

core::Result<std::string> Project::text(const std::string& path) {
  if (const auto known = texts_.find(path); known != texts_.end()) return known->second;
  if (sealed_) return not_recorded(path);
  auto bytes = read_file(path);
  if (bytes) texts_.emplace(path, *bytes);
  return bytes;
}

core::Result<std::string> Project::data(const std::string& path) {
  if (const auto known = data_.find(path); known != data_.end()) return known->second;
  if (sealed_) return not_recorded(path);
  auto bytes = read_file(path);
  if (bytes) data_.emplace(path, *bytes);
  return bytes;
}

std::optional<core::Secret> Project::secret(const std::string& name) {
  if (const auto known = secrets_.find(name); known != secrets_.end()) return known->second;
  if (sealed_) return std::nullopt;
  variables_.insert(name);
  auto value = environment_(name);
  if (!value || value->empty()) return std::nullopt;
  return secrets_.emplace(name, core::Secret(std::move(*value))).first->second;
}

std::optional<std::string> Project::parameter(const std::string& name) {
  if (const auto known = parameters_.find(name); known != parameters_.end()) return known->second;
  const auto given = given_.find(name);
  auto value = given == given_.end() ? std::nullopt : std::optional(given->second);
  if (!sealed_) parameters_.emplace(name, value);
  return value;
}

void Project::declare(Parameter parameter) {
  if (!sealed_ && declared_names_.insert(parameter.name).second)
    declared_.push_back(std::move(parameter));
}

const Source* Project::find_chunk(const std::string& chunk) const {
  if (const auto exact = sources_.find(chunk); exact != sources_.end()) return exact->second.get();
  // Lua keeps the end of a long name, behind three dots.
  if (!chunk.starts_with("...")) return nullptr;
  const std::string end = chunk.substr(3);
  for (const auto& [name, source] : sources_) {
    if (name.ends_with(end)) return source.get();
  }
  return nullptr;
}

std::vector<Entry> Project::find_table(const std::set<std::string>& keys) const {
  for (const auto& [name, source] : sources_) {
    if (const auto brace = source->find_table(keys)) return source->entries(*brace);
  }
  return {};
}

std::vector<std::string> Project::files() const {
  std::vector<std::string> files = {file_};
  for (const auto& [path, source] : sources_)
    if (path != file_ && !embedded_.contains(path)) files.push_back(path);
  for (const auto& [path, text] : texts_) files.push_back(path);
  return files;
}

std::vector<const Source*> Project::own_sources() const {
  std::vector<const Source*> own;
  for (const auto& [path, source] : sources_)
    if (!embedded_.contains(path)) own.push_back(source.get());
  return own;
}

bool Project::names(std::string_view word) const {
  return std::ranges::any_of(sources_, [&](const auto& entry) {
    const Source& source = *entry.second;
    return std::ranges::any_of(source.tokens(), [&](const Token& token) {
      return token.kind == TokenKind::name && source.token_text(token) == word;
    });
  });
}

std::vector<std::string> Project::unused_parameters() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : given_) {
    if (!parameters_.contains(name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Project::known_parameters() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : parameters_) names.push_back(name);
  return names;
}

core::Hash128 Project::version() const {
  core::Hash128 hash = core::hash128("sluice functions");
  const auto add = [&hash](std::string_view bytes) {
    hash = core::combine(hash, core::hash128(bytes));
  };
  for (const auto& [name, source] : sources_) {
    if (name != file_) add(name.substr(embedded_.contains(name) ? 0 : folder_.size()));
    add(source->text());
  }
  for (const auto& [name, text] : texts_) {
    add(name.substr(std::min(folder_.size(), name.size())));
    add(text);
  }
  for (const auto& [name, value] : parameters_) {
    add(name);
    add(value.value_or(""));
  }
  return hash;
}

}  // namespace sluice::script
