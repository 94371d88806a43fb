#include "dsl/options.h"

#include <algorithm>
#include <utility>

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMost = 1e15;  // no quota is larger

constexpr Option kPipeline[] = {
    {.name = "name",
     .type = text,
     .meaning = "names the job and its checkpoint; letters, digits, '.', '_', '-'",
     .example = "\"classify-tickets\"",
     .required = true,
     .min = 1,
     .max = 100},
    {.name = "checkpoint",
     .type = table,
     .meaning = "where and how durably answers are kept",
     .example = "{ durability = \"process\" }",
     .fallback = "see checkpoint"},
};

constexpr Option kCheckpoint[] = {
    {.name = "dir",
     .type = text,
     .meaning = "folder of the checkpoint, made when missing",
     .example = "\".sluice/classify-tickets\"",
     .fallback = ".sluice/NAME",
     .min = 1,
     .max = 4096},
    {.name = "durability",
     .type = choice,
     .meaning = "what a committed answer survives: loss of power (it is synced to the disk), or "
                "the end of the process only",
     .example = "\"power\"",
     .fallback = "\"power\"",
     .choices = "power|process"},
};

constexpr Option kRead[] = {
    {.name = "key",
     .type = text,
     .meaning =
         "field that names a row: text or a number; without one, a row is named by its content",
     .example = "\"id\"",
     .min = 1,
     .max = 1000},
};

constexpr Option kValidate[] = {
    {.name = "check",
     .type = function,
     .meaning = "function(row) that returns true, or false and the reason to reject the row",
     .example = "function(row) return #row.body > 0, \"empty\" end"},
};

constexpr Option kPack[] = {
    {.name = "rows",
     .type = whole,
     .meaning = "rows in one request, at most",
     .example = "20",
     .fallback = "1",
     .min = 1,
     .max = 1000},
    {.name = "tokens",
     .type = whole,
     .meaning = "estimated prompt tokens of a request's rows, at most; a larger row goes alone",
     .example = "6000",
     .fallback = "8000",
     .min = 1,
     .max = 10e6},
    {.name = "system",
     .type = text,
     .meaning = "system prompt, shared by the rows of a request",
     .example = "s.file \"prompts/triage.md\"",
     .fallback = "none"},
    {.name = "user",
     .type = prompt,
     .meaning = "prompt of one row: a template with {{field}} and {{a.b}}, or function(row) that "
                "returns it (or nil and the reason to reject the row)",
     .example = "\"{{subject}}\\n\\n{{body}}\"",
     .required = true},
    {.name = "answer",
     .type = fields,
     .meaning = "columns of the answer, in order; without it the answer is free text in one "
                "column, answer",
     .example = "{ queue = s.one_of { \"billing\", \"bug\" } }",
     .fallback = "free text"},
};

constexpr Option kDispatch[] = {
    {.name = "deadline",
     .type = duration,
     .meaning = "from the start of the run; when it is reached, the run drains and can go on later",
     .example = "\"1h30m\"",
     .fallback = "none"},
    {.name = "budget",
     .type = money,
     .meaning = "for the whole job, earlier runs included; never passed",
     .example = "\"$1500\"",
     .fallback = "none"},
    {.name = "route",
     .type = choice,
     .meaning = "which endpoint a request goes to, among those that can take it now",
     .example = "\"cheapest\"",
     .fallback = "\"cheapest\"",
     .choices = "cheapest|in_order|spread"},
    {.name = "retries",
     .type = whole,
     .meaning = "of one request after a failure, at most",
     .example = "7",
     .fallback = "7",
     .min = 0,
     .max = 100},
};

// What both endpoints take but for the default of base_url and the need of a key.
template <const char* kUrl, const char* kModel, const char* kKey>
constexpr Option kEndpoint[] = {
    {.name = "model",
     .type = text,
     .meaning = "model, as the provider names it",
     .example = kModel,
     .required = true,
     .min = 1,
     .max = 200},
    {.name = "name",
     .type = text,
     .meaning = "what reports call the endpoint",
     .example = "\"primary\"",
     .fallback = "provider/model, or host/model with a base_url; #2, #3 … when taken",
     .min = 1,
     .max = 200},
    {.name = "base_url",
     .type = text,
     .meaning = "where the API is; for gateways and own servers",
     .example = "\"http://127.0.0.1:8080/v1\"",
     .fallback = kUrl,
     .min = 1,
     .max = 2000},
    {.name = "key",
     .type = secret,
     .meaning = "API key; may be left out with a base_url",
     .example = kKey,
     .fallback = "none",
     .max = 10000},
    {.name = "rpm",
     .type = number,
     .meaning = "requests a minute",
     .example = "30000",
     .fallback = "unknown",
     .min = 1e-6,
     .max = kMost},
    {.name = "tpm",
     .type = number,
     .meaning = "tokens a minute, input and output",
     .example = "150e6",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "input_tpm",
     .type = number,
     .meaning = "input tokens a minute",
     .example = "400e3",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "output_tpm",
     .type = number,
     .meaning = "output tokens a minute",
     .example = "80e3",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "rpd",
     .type = number,
     .meaning = "requests a day",
     .example = "10000",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "tpd",
     .type = number,
     .meaning = "tokens a day",
     .example = "2e9",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "max_concurrency",
     .type = whole,
     .meaning = "requests in flight, at most; below it the number is found while running",
     .example = "64",
     .fallback = "256",
     .min = 1,
     .max = 100000},
    {.name = "max_output_tokens",
     .type = whole,
     .meaning = "output tokens of one request, at most",
     .example = "4000",
     .fallback = "the model's",
     .min = 1,
     .max = 10e6},
    {.name = "temperature",
     .type = number,
     .meaning = "sampling temperature",
     .example = "0",
     .fallback = "the provider's",
     .min = 0,
     .max = 2},
    {.name = "structured",
     .type = choice,
     .meaning = "how the answer's shape is asked for: as a JSON schema, as any JSON object, or in "
                "words only",
     .example = "\"json_schema\"",
     .fallback = "\"json_schema\"",
     .choices = "json_schema|json_object|instruction"},
    {.name = "price",
     .type = table,
     .meaning = "what tokens cost",
     .example = "{ input = 0.75, output = 4.5 }",
     .fallback = "list price of the model; unknown models cost nothing in the ledger"},
    {.name = "timeout",
     .type = duration,
     .meaning = "for one request, from sending to the last byte",
     .example = "\"120s\"",
     .fallback = "120s"},
    {.name = "ca_file",
     .type = text,
     .meaning = "PEM file of certificates to trust instead of the system's",
     .example = "\"/etc/ssl/own-ca.pem\"",
     .fallback = "the system's",
     .min = 1,
     .max = 4096},
    {.name = "proxy",
     .type = text,
     .meaning = "not supported in this version: an error says so",
     .example = "\"http://proxy:3128\"",
     .fallback = "none"},
    {.name = "service_tier",
     .type = text,
     .meaning = "sent as it stands",
     .example = "\"flex\"",
     .fallback = "none",
     .min = 1,
     .max = 100},
};
constexpr char kOpenaiUrl[] = "https://api.openai.com/v1";
constexpr char kOpenaiModel[] = "\"gpt-5.4-mini\"";
constexpr char kOpenaiKey[] = "s.secret \"OPENAI_API_KEY\"";
constexpr char kAnthropicUrl[] = "https://api.anthropic.com/v1";
constexpr char kAnthropicModel[] = "\"claude-haiku-4-5\"";
constexpr char kAnthropicKey[] = "s.secret \"ANTHROPIC_API_KEY\"";

constexpr Option kPrice[] = {
    {.name = "input",
     .type = number,
     .meaning = "dollars per million input tokens",
     .example = "0.75",
     .required = true,
     .min = 0,
     .max = 1e6},
    {.name = "output",
     .type = number,
     .meaning = "dollars per million output tokens",
     .example = "4.5",
     .required = true,
     .min = 0,
     .max = 1e6},
    {.name = "cached_input",
     .type = number,
     .meaning = "dollars per million input tokens read from the provider's cache",
     .example = "0.075",
     .fallback = "as input",
     .min = 0,
     .max = 1e6},
};

constexpr Option kParse[] = {
    {.name = "retries",
     .type = whole,
     .meaning = "times that a row is asked again because its answer was missing or did not fit",
     .example = "2",
     .fallback = "2",
     .min = 0,
     .max = 100},
};

constexpr Option kSink[] = {
    {.name = "rejects",
     .type = text,
     .meaning = "JSONL file for rows without an answer",
     .example = "\"out/rejects.jsonl\"",
     .fallback = "the output's name with .rejects before its ending",
     .min = 1,
     .max = 4096},
    {.name = "keep",
     .type = columns,
     .meaning = "fields of the row that output lines begin with: all (\"row\") or those listed",
     .example = "{ \"id\", \"subject\" }",
     .fallback = "the key, or all fields when there is no key"},
};

// Each field type takes these two, and some take bounds.
constexpr Option kOptional{.name = "optional",
                           .type = boolean,
                           .meaning = "whether the field may be missing or null",
                           .example = "true",
                           .fallback = "false"};
constexpr Option kDescription{.name = "description",
                              .type = text,
                              .meaning = "what the field means; goes to the model with the schema",
                              .example = "\"one sentence\"",
                              .fallback = "none",
                              .max = 4000};
constexpr Option kText[] = {{.name = "min",
                             .type = whole,
                             .meaning = "characters, at least",
                             .example = "1",
                             .fallback = "0",
                             .min = 0,
                             .max = 1e9},
                            {.name = "max",
                             .type = whole,
                             .meaning = "characters, at most",
                             .example = "160",
                             .fallback = "no bound",
                             .min = 0,
                             .max = 1e9},
                            kOptional,
                            kDescription};
constexpr Option kInt[] = {{.name = "min",
                            .type = whole,
                            .meaning = "least value",
                            .example = "1",
                            .fallback = "no bound"},
                           {.name = "max",
                            .type = whole,
                            .meaning = "greatest value",
                            .example = "5",
                            .fallback = "no bound"},
                           kOptional,
                           kDescription};
constexpr Option kNumber[] = {{.name = "min",
                               .type = number,
                               .meaning = "least value",
                               .example = "0",
                               .fallback = "no bound"},
                              {.name = "max",
                               .type = number,
                               .meaning = "greatest value",
                               .example = "1",
                               .fallback = "no bound"},
                              kOptional,
                              kDescription};
constexpr Option kPlainField[] = {kOptional, kDescription};
constexpr Option kList[] = {{.name = "min",
                             .type = whole,
                             .meaning = "elements, at least",
                             .example = "1",
                             .fallback = "0",
                             .min = 0,
                             .max = 1e6},
                            {.name = "max",
                             .type = whole,
                             .meaning = "elements, at most",
                             .example = "5",
                             .fallback = "no bound",
                             .min = 0,
                             .max = 1e6},
                            kOptional,
                            kDescription};

constexpr Section kSections[] = {
    {.name = "pipeline",
     .kind = SectionKind::pipeline,
     .meaning = "the job; what the file returns",
     .example = "return s.pipeline { name = \"classify-tickets\", s.read { … }, … }",
     .options = kPipeline,
     .positional = {.word = "stage",
                    .type = "a stage",
                    .luals = "sluice.Stage",
                    .meaning = "read, validate, pack, dispatch, parse and sink, in this order; "
                               "validate and parse may be left out",
                    .example = "s.read { \"data.jsonl\" }",
                    .least = 1,
                    .most = 100}},
    {.name = "checkpoint",
     .kind = SectionKind::table,
     .meaning = "the checkpoint of the job, an option of pipeline",
     .example = "checkpoint = { dir = \"/fast/disk/job\", durability = \"process\" }",
     .options = kCheckpoint},
    {.name = "read",
     .meaning = "where the rows come from: JSONL, one object a line",
     .example = "s.read { \"data/tickets-*.jsonl.zst\", key = \"id\" }",
     .options = kRead,
     .positional = {.word = "path",
                    .type = "text",
                    .luals = "string",
                    .meaning = "files and globs, in order; .gz and .zst are inflated; \"-\" is "
                               "standard input; relative to the working directory",
                    .example = "\"data/*.jsonl\"",
                    .least = 1,
                    .most = 10000}},
    {.name = "validate",
     .meaning = "what a row must be, before anything is spent on it",
     .example = "s.validate { subject = s.text, body = s.text { min = 1, max = 20000 } }",
     .options = kValidate,
     .fields = true},
    {.name = "pack",
     .meaning = "the question: how rows become requests, and what an answer is",
     .example = "s.pack { rows = 20, user = \"{{body}}\", answer = { urgency = s.int { min = 1, "
                "max = 5 } } }",
     .options = kPack},
    {.name = "dispatch",
     .meaning = "who is asked, by when, and for how much",
     .example = "s.dispatch { s.openai { … }, deadline = \"1h\", budget = \"$1500\" }",
     .options = kDispatch,
     .positional = {.word = "endpoint",
                    .type = "an endpoint",
                    .luals = "sluice.Endpoint",
                    .meaning = "s.openai { … } or s.anthropic { … }",
                    .example =
                        "s.openai { model = \"gpt-5.4-mini\", key = s.secret \"OPENAI_API_KEY\" }",
                    .least = 1,
                    .most = 1000}},
    {.name = "openai",
     .kind = SectionKind::endpoint,
     .meaning =
         "an endpoint that speaks OpenAI's chat completions, as many gateways and own servers do",
     .example = "s.openai { model = \"gpt-5.4-mini\", key = s.secret \"OPENAI_API_KEY\", rpm = "
                "30000, tpm = 150e6 }",
     .options = kEndpoint<kOpenaiUrl, kOpenaiModel, kOpenaiKey>},
    {.name = "anthropic",
     .kind = SectionKind::endpoint,
     .meaning = "an endpoint that speaks Anthropic's messages",
     .example = "s.anthropic { model = \"claude-haiku-4-5\", key = s.secret \"ANTHROPIC_API_KEY\", "
                "rpm = 4000 }",
     .options = kEndpoint<kAnthropicUrl, kAnthropicModel, kAnthropicKey>},
    {.name = "price",
     .kind = SectionKind::table,
     .meaning = "what tokens cost, an option of the endpoints",
     .example = "price = { input = 0.75, output = 4.5, cached_input = 0.075 }",
     .options = kPrice},
    {.name = "parse",
     .meaning = "what becomes of an answer; the declaration in pack is always checked first",
     .example = "s.parse { retries = 2, function(answer, row) return answer end }",
     .options = kParse,
     .positional = {.word = "function",
                    .type = "a function",
                    .luals = "fun(answer: table, row: table): table?, string?",
                    .meaning = "function(answer, row) that returns the answer, changed or not, or "
                               "nil and the reason to ask again",
                    .example = "function(answer, row) return answer end",
                    .least = 0,
                    .most = 1}},
    {.name = "sink",
     .meaning = "where answers and rejects go: JSONL",
     .example = "s.sink { \"out/tickets.jsonl\", rejects = \"out/rejects.jsonl\" }",
     .options = kSink,
     .positional = {.word = "path",
                    .type = "text",
                    .luals = "string",
                    .meaning = "the output file, relative to the working directory",
                    .example = "\"out/answers.jsonl\"",
                    .least = 1,
                    .most = 1}},
    {.name = "text",
     .kind = SectionKind::field,
     .meaning = "text",
     .example = "s.text { max = 160 }",
     .options = kText},
    {.name = "int",
     .kind = SectionKind::field,
     .meaning = "a whole number",
     .example = "s.int { min = 1, max = 5 }",
     .options = kInt},
    {.name = "number",
     .kind = SectionKind::field,
     .meaning = "a number",
     .example = "s.number { min = 0, max = 1 }",
     .options = kNumber},
    {.name = "bool",
     .kind = SectionKind::field,
     .meaning = "true or false",
     .example = "s.bool",
     .options = kPlainField},
    {.name = "one_of",
     .kind = SectionKind::field,
     .meaning = "one of the texts given",
     .example = "s.one_of { \"billing\", \"bug\" }",
     .options = kPlainField,
     .positional = {.word = "choice",
                    .type = "text",
                    .luals = "string",
                    .meaning = "the texts to choose from",
                    .example = "\"billing\"",
                    .least = 1,
                    .most = 1000}},
    {.name = "list",
     .kind = SectionKind::field,
     .meaning = "a list, all of one type",
     .example = "s.list { s.text, max = 5 }",
     .options = kList,
     .positional = {.word = "element",
                    .type = "a field type",
                    .luals = "sluice.Field",
                    .meaning = "type of the elements",
                    .example = "s.text",
                    .least = 1,
                    .most = 1}},
    {.name = "object",
     .kind = SectionKind::field,
     .meaning = "an object with fields of its own",
     .example = "s.object { city = s.text, zip = s.text }",
     .options = kPlainField,
     .fields = true},
};

}  // namespace

std::span<const Section> sections() {
  return kSections;
}

const Section& section(std::string_view name) {
  const auto found = std::ranges::find(kSections, name, &Section::name);
  if (found == std::end(kSections)) std::unreachable();
  return *found;
}

const Option* find_option(const Section& section, std::string_view name) {
  const auto found = std::ranges::find(section.options, name, &Option::name);
  return found == section.options.end() ? nullptr : &*found;
}

std::string_view type_words(ValueType type) {
  switch (type) {
    case text:
      return "text";
    case whole:
      return "a whole number";
    case number:
      return "a number";
    case boolean:
      return "true or false";
    case duration:
      return "a duration such as \"1h30m\"";
    case money:
      return "an amount such as \"$1500\"";
    case choice:
      return "one of the texts listed";
    case secret:
      return "s.secret \"NAME\" or text";
    case function:
      return "a function";
    case prompt:
      return "text or a function";
    case columns:
      return "\"row\" or a list of field names";
    case fields:
      return "a table of field types";
    case ValueType::table:
      return "a table";
  }
  return {};
}

}  // namespace sluice::dsl
