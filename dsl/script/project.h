// All that a pipeline file is made from: its own bytes and its modules', the texts that s.file
// read, the values of s.param and s.secret. The first execution records them; the workers' states
// execute from the record, so each has the same functions even when a file changes during the run.
//
// Threads: one until seal(); after it constant, any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/secret.h"
#include "script/source.h"

namespace sluice::script {

constexpr std::size_t kMaxFileBytes = 1u << 20;  // of a Lua file, or of a text of s.file

// A parameter that a file asks for, as it was declared first.
struct Parameter {
  std::string name;
  std::string type;   // "text", "whole", "number", "boolean"
  std::string value;  // as --set takes it; empty when neither given nor by default
  std::string help;
  std::vector<std::string> choices;
  bool given = false;  // by --set
};

class Project {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string&)>;

  // `libraries`: folders whose files may be read beside those of the file's own folder.
  Project(std::string file, std::map<std::string, std::string> parameters, Environment environment,
          std::vector<std::string> libraries);

  const std::string& file() const { return file_; }
  // Before anything is read: the pipeline file's own text, which need not be on the disk.
  void put_file(std::string text);

  // The path, as shown in messages, of the file that require or s.file calls `name`: beside the
  // pipeline file or in one of the libraries. The error's message is why there is none, or that it
  // leads out of these folders.
  core::Result<std::string> find(const std::string& name);
  // The Lua file at `path`. The error's message is why it cannot be read.
  core::Result<const Source*> source(const std::string& path);
  // The Lua file inside the program that require calls `name` ("sluice.recipes.classify"); null when
  // there is none.
  const Source* embedded(const std::string& name);
  // The bytes of the text file at `path`.
  core::Result<std::string> text(const std::string& path);
  // The bytes of a file that the program reads for itself, as a pipeline file asks: no function sees
  // them, so version() does not depend on them.
  core::Result<std::string> data(const std::string& path);
  // A file that the command line or the environment names for this, where the pipeline file names
  // none; empty: none. Before anything is read.
  void set_default_data(std::string path) { default_data_ = std::move(path); }
  const std::string& default_data() const { return default_data_; }
  std::optional<core::Secret> secret(const std::string& name);
  std::optional<std::string> parameter(const std::string& name);
  // Records the parameter once, in the order of the file; of several that ask for it the first counts.
  void declare(Parameter parameter);
  const std::vector<Parameter>& parameters() const { return declared_; }

  // The source that Lua calls `chunk` in its messages; null when it is none of ours.
  const Source* find_chunk(const std::string& chunk) const;

  // The entries of the first table in any source that names exactly `keys`; empty when none does.
  std::vector<Entry> find_table(const std::set<std::string>& keys) const;

  // Parameters that were given and never asked for; those that were asked for.
  std::vector<std::string> unused_parameters() const;
  std::vector<std::string> known_parameters() const;

  // What was read from outside, or asked for there: files, itself the first, and environment
  // variables, set or not.
  std::vector<std::string> files() const;
  std::vector<std::string> variables() const { return {variables_.begin(), variables_.end()}; }

  // The Lua files that were read from outside, the pipeline file among them.
  std::vector<const Source*> own_sources() const;

  // Whether `word` stands as a name in any source.
  bool names(std::string_view word) const;

  // Nothing more is read from outside.
  void seal() { sealed_ = true; }
  // Of all that the functions in the file can depend on: files, texts and parameters.
  core::Hash128 version() const;

 private:
  std::string file_;
  std::string folder_;  // of file_, with a slash; may be empty
  std::map<std::string, std::string> given_;
  Environment environment_;
  std::vector<std::string> libraries_;
  bool sealed_ = false;
  std::map<std::string, std::string> found_;  // by name: paths
  std::set<std::string> variables_;
  std::map<std::string, std::unique_ptr<Source>> sources_;
  std::set<std::string> embedded_;  // of these, those inside the program
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::string> data_;
  std::string default_data_;
  std::map<std::string, core::Secret> secrets_;
  std::map<std::string, std::optional<std::string>> parameters_;  // asked for
  std::vector<Parameter> declared_;
  std::unordered_set<std::string> declared_names_;
};

}  // namespace sluice::script
