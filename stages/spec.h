// What a pipeline file says, checked, and free of Lua: dsl makes it, the stages run it. Scripted
// steps are callables; they may be called from any worker thread at once.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "answer/field.h"
#include "core/clock.h"
#include "core/money.h"
#include "core/reject.h"
#include "core/row.h"
#include "core/secret.h"
#include "provider/endpoint.h"
#include "schedule/types.h"
#include "source/sources.h"
#include "store/records.h"

namespace sluice::stages {

// A scripted step's failure on one row: `reason` is "script_error" for an error in the function,
// else what the function said.
struct ScriptFailure {
  bool script_error = false;
  std::string message;  // for a script error: "file:line: what"
};

// s.map(function(row) return row | nil, why end); gives the new row as a JSON object
using MapFunction = std::function<std::expected<std::string, ScriptFailure>(const core::Row&)>;
// s.keep(function(row) return true | false end)
using KeepFunction = std::function<std::expected<bool, ScriptFailure>(const core::Row&)>;
// s.explode(function(row) return { row, … } | nil, why end); gives JSON objects
using ExplodeFunction =
    std::function<std::expected<std::vector<std::string>, ScriptFailure>(const core::Row&)>;
// user = function(row) return "prompt" end
using RenderFunction = std::function<std::expected<std::string, ScriptFailure>(const core::Row&)>;
// check = function(row) return ok[, why] end
using CheckFunction = std::function<std::expected<void, ScriptFailure>(const core::Row&)>;
// parse: function(answer, row) return answer | nil, why end; takes and gives an answer object as
// JSON
using ParseFunction = std::function<std::expected<std::string, ScriptFailure>(
    std::string_view answer, const core::Row&)>;

// escalate = function(answer, row) return true | false end; takes an answer object as JSON
using EscalateFunction =
    std::function<std::expected<bool, ScriptFailure>(std::string_view answer, const core::Row&)>;

// Where the pipeline file, or a file that it requires, says something: for remarks about it.
struct SourcePlace {
  std::string file;
  std::uint64_t line = 0;    // from 1
  std::uint64_t column = 0;  // from 1, in code points
  std::string shown;         // the line and the marks below it (dsl/script/diagnostic.h)
};
struct OptionPlace {
  std::string_view option;  // a constant
  std::size_t item = 0;     // index of its endpoint, or in its list
  SourcePlace place;
};

// A global that a function of the pipeline file reads, and that nothing gives a value.
struct UndefinedGlobal {
  std::string name;
  std::string hint;
  SourcePlace place;
};

// What identifies a function of the pipeline file.
struct Script {
  core::Hash128 version;  // of all that its results depend on beside its arguments; zero: none
  std::string place;      // "job.lua:12", where it begins
};

struct ValidateSpec {
  std::vector<answer::Field> fields;
  CheckFunction check;  // may be empty
  Script script;        // that of `check`
};

// What happens to a row between the reading of its line and its question (stages/steps.h).
struct MapStep {
  MapFunction map;
  Script script;
};
struct KeepStep {
  KeepFunction keep;
  Script script;
};
struct ExplodeStep {
  ExplodeFunction explode;
  Script script;
};
// The one step of a cascade's later levels: what the level before came to, read back (cascade.h).
struct EscalateStep {
  EscalateFunction escalate;
  Script script;
};
using Step = std::variant<MapStep, KeepStep, ExplodeStep, ValidateSpec, EscalateStep>;

struct ReadSpec : source::Spec {
  std::string key;          // field that names a row, as the steps leave it; empty = content
  std::vector<Step> steps;  // in their order, up to the last map, keep or explode
};

constexpr int kDefaultPackTokens = 8000;
// docs/providers.md, Images and documents: the most that a current model counts for an image by
// default, two older ones apart.
constexpr int kDefaultImageTokens = 6500;

// A row as it is asked, and the answer that it should get, as a JSON object with all columns.
struct Example {
  std::string prompt;
  std::string answer;
};

// s.embed in place of s.pack: the rows' prompts are embedded, and an answer is a vector.
struct EmbedSpec {
  std::string as = "embedding";   // the vectors' column
  std::optional<int> dimensions;  // numbers of a vector; else the model's own
  int input_tokens = 0;           // of one text, as its endpoints take it; 0 = unknown
};

// Images and documents that a row's question is asked with (read_files.h).
struct ImagesSpec {
  // Each gives a path, a URL, or "data:image/png;base64,…"; none: the question has no files.
  std::vector<std::string> templates = {};
  std::string folder = {};  // before relative paths: with its '/'; empty = the working directory
  std::size_t bytes = 0;    // of one file at most; 0 = the least that any provider takes
  int tokens = kDefaultImageTokens;  // that one image, or one page of a document, counts as at most
};

struct PackSpec {
  int rows = 1;                      // rows a request at most
  int tokens = kDefaultPackTokens;   // estimated prompt tokens of the rows of a request, at most; a
                                     // larger row goes alone
  std::optional<int> output_tokens;  // expected of all answers of a request, at most
  std::string system;
  std::string
      user_template;  // "{{field}}" and "{{a.b}}"; exactly one of user_template and user is set
  RenderFunction user;
  Script user_script;
  std::vector<answer::Field> answer;  // empty = free text: one column "answer"
  std::vector<Example> examples;      // shown to the model with every request
  // Then rows and tokens are what the endpoints take, unless the file says less; system, answer,
  // output_tokens and examples are not there.
  std::optional<EmbedSpec> embed;
  ImagesSpec images = {};  // with any, a request has one row
};

struct DispatchSpec {
  std::vector<provider::EndpointSpec> endpoints;  // at least one
  std::optional<core::Duration> deadline;         // from the start of the run
  std::optional<core::Money> budget;              // for the whole job, earlier runs included
  std::string prices = {};  // file that endpoints without a price have theirs from; empty = none
  schedule::Route route = schedule::Route::cheapest;
  int retries = 7;  // of one request, after the first sending
  // Where the quotas of its endpoints are kept that other processes use with the same keys
  // (pool_store/pool_store.h); empty: this process is alone with them.
  core::Secret shared_quota = {};
  // With it and a budget: the name under which processes share that budget there; empty: the job has it alone.
  std::string shared_budget = {};
  core::Money spent_elsewhere =
      {};  // by the job's other questions: then `budget` is what they leave …
  std::optional<core::Money> whole_budget = {};  // … of this
  bool hedge = false;                            // ask the slow tail a second time
};

struct ParseSpec {
  int retries = 2;  // times a row is asked again because its answer was missing or did not fit
  ParseFunction parse;
  Script script;  // answers are stored as it made them, so another function is another question
  // It takes the row too: then its answer is this row's alone, and rows with the same prompt are
  // questions of their own where they differ.
  bool takes_row = false;
};

// A sink that has the answers from the file of lines (deliver/deliver.h).
struct DeliverySpec {
  std::string path;               // a file that is written whole, in the format of its ending
  std::string written_path = {};  // as SinkSpec's
  bool keep_row = false;          // as SinkSpec's, of what its lines keep
  std::vector<std::string> keep = {};
  // One that keeps its own position: then `path` is its name.
  std::optional<table::Spec> table = {};
  std::optional<queue::Spec> queue = {};
  bool in_pieces() const { return table || queue; }
  std::shared_ptr<place::Places> places = {};  // that a remote `path` is of
};

struct SinkSpec {
  std::string path;       // JSON lines, or CSV by its ending (format/line_form.h)
  std::string rejects;    // JSONL; empty = beside `path`, with ".rejects" before the ending
  bool keep_row = false;  // output lines begin with all of the row's fields
  // The two paths as the pipeline file has them, where they were put beside it: so that a job is the
  // same from every working directory. Empty: as above.
  std::string written_path = {};
  std::string written_rejects = {};
  // Rows that left the input keep their lines; else they go, and a changed row's old line with them.
  bool keep_missing = false;
  std::vector<std::string>
      keep;  // else with these; with neither: the key field, or all when there is no key
  std::shared_ptr<place::Places> places = {};  // that remote names are of
  // It is read by the next level of a cascade: lines have the row whole and the model (cascade.h).
  bool for_next_level = false;
  // Of a sink as it is written; join_sinks() makes a delivery of it.
  std::optional<table::Spec> table = {};
  std::optional<queue::Spec> queue = {};
  // The sinks of the pipeline file beside `path`, in its order. All of them, where none can be the file of
  // lines: then that is one of the checkpoint's.
  std::vector<DeliverySpec> deliveries = {};
  bool path_is_own = false;  // `path` is the checkpoint's

  // Where the pipeline file says that answers go, for people.
  std::vector<std::string> outputs() const {
    std::vector<std::string> all;
    if (!path_is_own) all.push_back(path);
    for (const DeliverySpec& to : deliveries) all.push_back(to.path);
    return all;
  }
};

// A job that several processes work on (runtime/shared_job).
struct SharedJobSpec {
  core::Secret url = {};  // of a PostgreSQL server; empty: this process has the job for itself
  std::uint64_t shard_rows = 2000;  // records of the input that a process takes at a time
};

struct CheckpointSpec {
  std::string directory;  // default ".sluice/<name>"
  store::Durability durability = store::Durability::power;
  SharedJobSpec shared = {};
  std::string share = {};  // folder of checkpoints whose answers hold as well; empty = none
};

// Which level of a cascade a question is.
struct Level {
  int number = 0;  // from 1; 0: of none
  int count = 0;
};

// One question, or one level of a cascade: a run of its own.
struct PipelineSpec {
  std::string name;  // [A-Za-z0-9._-]+
  std::string file;  // as given on the command line
  ReadSpec read;
  std::optional<ValidateSpec> validate;  // after the last step of `read`
  PackSpec pack;
  DispatchSpec dispatch;
  ParseSpec parse;
  SinkSpec sink;
  CheckpointSpec checkpoint;
  // Of the options that remarks may be about, as far as the file shows them (dsl/option_places.h).
  std::vector<OptionPlace> places = {};
  // The fingerprint (stages/question.h) of the question whose answers this one reads, so that new
  // answers there begin a new generation here; zero for the first.
  core::Hash128 source;
  Level level = {};
};

// A value that the command line may give (--set).
struct Parameter {
  std::string name;
  std::string type;   // "text", "whole", "number", "boolean"
  std::string value;  // as --set takes it
  std::string help;
  std::vector<std::string> choices;
  bool given = false;  // else by default
};

// Where a run's end is told beside what it prints (runtime/notify).
struct EndSpec {
  core::Secret webhook;  // its address, whose path may be a secret; empty = nowhere
  core::Secret secret;   // signs; empty = nothing does
};

// A pipeline file: its questions, in the order in which they are asked. Each reads the answers of
// the one before; only the last one's go where the user's sink says. There is at least one. The
// levels of a cascade stand for a question each.
struct JobSpec {
  std::string name;
  // What the pipeline file took from outside itself while it was executed: the Lua files and texts
  // that it is made of, itself the first, and the environment variables that it asked for.
  std::vector<std::string> files;
  std::vector<std::string> variables;
  std::vector<Parameter> parameters;  // in the order of the file
  std::vector<UndefinedGlobal> undefined = {};
  std::string directory;  // of the checkpoint; with several questions theirs are inside it
  std::string folder;  // the pipeline file's, with its '/', which stands before all relative paths
  std::vector<PipelineSpec> questions;
  EndSpec on_end = {};
};

}  // namespace sluice::stages
