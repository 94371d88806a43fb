#include "stages/question.h"

#include <fmt/format.h>

#include "answer/answer_schema.h"
#include "format/line_form.h"
#include "stages/examples.h"

namespace sluice::stages {
namespace {

// A canonical text of what is hashed: every part with its length, so that no two lists of parts
// agree.
class Parts {
 public:
  void add(std::string_view part) { text_ += fmt::format("{}:{};", part.size(), part); }
  void add(const core::Hash128& hash) { add(hash.hex()); }
  void add(const std::vector<answer::Field>& fields) {
    for (const answer::Field& f : fields) {
      add(f.name);
      std::string type = fmt::format("{} {} {} {}", static_cast<int>(f.type), f.optional,
                                     f.min.value_or(-1e300), f.max.value_or(1e300));
      // Nothing where there is none, so that older declarations keep their hash.
      if (!f.pattern.empty()) type += " " + f.pattern.text();
      add(type);
      for (const std::string& choice : f.choices) add(choice);
      add(f.members);
      add(f.description);
    }
    add("end");
  }
  void add(const format::FormatOptions& format) {
    add("format " + format.name);
    add(format.encoding);
    add(format.path);
    add(fmt::format("{} {}", format.csv.header, static_cast<int>(format.csv.delimiter)));
    for (const std::string& column : format.csv.columns) add(column);
    add(format.csv.null ? "null " + *format.csv.null : "");
    for (const auto& [column, type] : format.csv.types) {
      add(column);
      add(fmt::format("type {}", static_cast<int>(type)));
    }
    add("end");
  }
  void add(const ValidateSpec& validate) {
    add(validate.fields);
    add(validate.script.version);
  }
  void add(const Step& step) {
    add(fmt::format("step {}", step.index()));
    if (const auto* validate = std::get_if<ValidateSpec>(&step)) return add(*validate);
    if (const auto* map = std::get_if<MapStep>(&step)) return add(map->script.version);
    if (const auto* keep = std::get_if<KeepStep>(&step)) return add(keep->script.version);
    if (const auto* explode = std::get_if<ExplodeStep>(&step)) return add(explode->script.version);
    add(std::get<EscalateStep>(step).script.version);
  }
  // Of the user's own file alone: see fingerprint().
  core::Hash128 hash() const { return core::hash128(text_); }
  core::Hash128 name(std::string_view what) const { return core::name128(what, {text_}); }

 private:
  std::string text_;
};

// Prompts that are embedded: nothing is said to the model, and all of the answer is its vector.
Question vector_question(const EmbedSpec& embed) {
  Question q;
  q.vectors = true;
  answer::Field vector;
  vector.name = embed.as;
  vector.type = answer::FieldType::list;
  vector.members.emplace_back().type = answer::FieldType::number;
  q.answer.push_back(std::move(vector));
  Parts parts;
  parts.add("vectors 1");
  parts.add(embed.as);
  parts.add(fmt::format("{}", embed.dimensions.value_or(0)));
  q.base = parts.name("question base");
  q.old_base = parts.hash();
  return q;
}

}  // namespace

Question make_question(const PipelineSpec& spec) {
  if (spec.pack.embed) return vector_question(*spec.pack.embed);
  Question q;
  q.packed = spec.pack.rows > 1;
  q.plain_text = spec.pack.answer.empty() && !q.packed;
  q.answer = spec.pack.answer;
  if (q.answer.empty()) {
    answer::Field field;
    field.name = "answer";
    q.answer.push_back(field);
  }

  q.files = !spec.pack.images.templates.empty();
  q.frame.files = q.files;
  q.frame.system = spec.pack.system;
  if (!q.plain_text) {
    const std::string one = answer::answer_schema(q.answer);
    q.frame.schema = q.packed ? answer::pack_schema(q.answer) : one;
    q.frame.schema_name = q.packed ? "answers" : "answer";
    q.frame.schema_text = answer::schema_description(q.frame.schema);
  }
  if (q.packed) {
    if (!q.frame.system.empty()) q.frame.system += "\n\n";
    q.frame.system += answer::pack_instruction();
  }
  const std::vector<Example>& examples = spec.pack.examples;
  if (!examples.empty()) {
    if (!q.frame.system.empty()) q.frame.system += "\n\n";
    q.frame.system += examples_text(examples, q.packed, q.plain_text);
  }

  // The pack size is not part of the question: a row's answer stays valid when packs change.
  Parts parts;
  parts.add("question 1");
  parts.add(spec.pack.system);
  parts.add(q.plain_text ? "text" : answer::answer_schema(q.answer));
  parts.add(spec.parse.script.version);
  // Not as they stand in the system text, which tells packs from single rows.
  for (const Example& example : examples) {
    parts.add(example.prompt);
    parts.add(example.answer);
  }
  q.base = parts.name("question base");
  q.old_base = parts.hash();
  return q;
}

Question single_question(PipelineSpec spec) {
  spec.pack.rows = 1;
  return make_question(spec);
}

std::string model_identity(const provider::EndpointSpec& endpoint) {
  if (!endpoint.temperature) return endpoint.model;
  return fmt::format("{} temperature={}", endpoint.model, *endpoint.temperature);
}

std::vector<std::string> models_of(const DispatchSpec& dispatch) {
  std::vector<std::string> models;
  for (const auto& endpoint : dispatch.endpoints) models.push_back(model_identity(endpoint));
  return models;
}

core::Hash128 fingerprint(const PipelineSpec& spec, const Question& question) {
  Parts parts;
  // What a file does not have adds nothing, so that its fingerprint stays what it was before.
  if (spec.source != core::Hash128()) parts.add(spec.source);
  for (const Step& step : spec.read.steps) parts.add(step);
  if (spec.read.format != format::FormatOptions()) parts.add(spec.read.format);
  parts.add("generation 1");
  parts.add(question.old_base);
  parts.add(spec.read.key);
  if (spec.validate) parts.add(*spec.validate);
  parts.add(spec.pack.user_template);
  parts.add(spec.pack.user_script.version);
  for (const std::string& image : spec.pack.images.templates) parts.add("image " + image);
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
    if (!endpoint.same_model) parts.add(model_identity(endpoint));
  }
  const SinkSpec& sink = spec.sink;
  if (const format::LineForm form(sink.path, {}); !form.as_is()) parts.add("sink csv");
  parts.add(sink.written_path.empty() ? sink.path : sink.written_path);
  parts.add(sink.written_rejects.empty() ? sink.rejects : sink.written_rejects);
  parts.add(spec.sink.keep_row ? "row" : "fields");
  for (const std::string& field : spec.sink.keep) parts.add(field);
  if (sink.for_next_level) parts.add("for the next level");
  return parts.hash();
}

}  // namespace sluice::stages
