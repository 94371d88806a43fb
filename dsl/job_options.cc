// The option tables of the pipeline and its stages.
#include "dsl/dispatch_options.h"
#include "dsl/embed_options.h"
#include "dsl/end_options.h"
#include "dsl/fleet_options.h"
#include "dsl/image_options.h"
#include "dsl/option_tables.h"
#include "dsl/place_options.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

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
    {.name = "fleet",
     .type = table,
     .meaning = "what other processes use too, with the same keys",
     .example = "{ quota = s.secret \"REDIS_URL\" }",
     .fallback = "nothing"},
    {.name = "on_end",
     .type = table,
     .meaning = "where the end of a run is told",
     .example = "{ webhook = \"https://example.com/hook\", secret = s.secret \"HOOK_SECRET\" }",
     .fallback = "nowhere"},
};

constexpr Option kCheckpoint[] = {
    {.name = "dir",
     .type = text,
     .meaning = "folder of the checkpoint, made when missing",
     .example = "\".sluice/classify-tickets\"",
     .fallback = ".sluice/NAME, or NAME in share",
     .min = 1,
     .max = 4096},
    {.name = "share",
     .type = text,
     .meaning = "folder of checkpoints: equal questions that another job in it has asked are "
                "answered from there, by the same models; the job's own checkpoint stands in it "
                "too, unless dir says otherwise",
     .example = "\"/data/sluice\"",
     .fallback = "none",
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
     .meaning = "field that names a row, as the steps leave it: text or a number; without one, a "
                "row is named by its content",
     .example = "\"id\"",
     .fallback = "none",
     .min = 1,
     .max = 1000},
    {.name = "format",
     .type = choice,
     .meaning = "what the files are, where their endings (.jsonl, .csv, .tsv, .json, .txt, "
                ".parquet) do not say it, as with standard input; a file that begins as something "
                "else is an error",
     .example = "\"csv\"",
     .fallback = "by the ending, else \"jsonl\"",
     .choices = "jsonl|csv|tsv|json|lines|parquet"},
    {.name = "path",
     .type = text,
     .meaning = "JSON: names that lead to the list of rows, where it is inside of the document",
     .example = "\"data.items\"",
     .fallback = "the document is the list, or a row",
     .min = 1,
     .max = 1000},
    {.name = "encoding",
     .type = choice,
     .meaning = "of the files: \"latin1\" is Windows-1252; \"utf-16\" is little-endian where no "
                "byte order mark says otherwise",
     .example = "\"latin1\"",
     .fallback = "UTF-8, or what a byte order mark says",
     .choices = "utf-8|utf-16|utf-16be|latin1"},
    {.name = "delimiter",
     .type = text,
     .meaning = "CSV: what stands between two cells, one byte",
     .example = "\";\"",
     .fallback = "a tab in .tsv, else found in the first lines: ',', ';', tab or '|'",
     .min = 1,
     .max = 1},
    {.name = "header",
     .type = boolean,
     .meaning = "CSV: whether the first row names the columns; without one they are those of "
                "columns, or column1, column2, …",
     .example = "false",
     .fallback = "true"},
    {.name = "columns",
     .type = names,
     .meaning = "CSV: the names of the columns, in place of the header's (header = true), or where "
                "there is none (header = false)",
     .example = "{ \"id\", \"text\" }",
     .fallback = "the header's"},
    {.name = "types",
     .type = ValueType::types,
     .meaning = "CSV: columns that are not text: \"int\", \"number\" (as JSON writes it) or "
                "\"bool\" (true, false); an empty cell is then null, and a row with another cell "
                "is rejected",
     .example = "{ id = \"int\", price = \"number\" }",
     .fallback = "all are text"},
    {.name = "null",
     .type = text,
     .meaning = "CSV: a cell with this text is null",
     .example = "\"\"",
     .fallback = "none is; an empty cell is empty text",
     .max = 1000},
    kS3Option,
    kGcsOption,
};

constexpr Option kValidate[] = {
    {.name = "check",
     .type = function,
     .meaning = "function(row) that returns true, or false and the reason to reject the row",
     .example = "function(row) return #row.body > 0, \"empty\" end",
     .fallback = "none"},
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
    {.name = "output_tokens",
     .type = whole,
     .meaning = "expected output tokens of a request's answers, at most, as learned from earlier "
                "answers; an endpoint's max_output_tokens bounds them too",
     .example = "4000",
     .fallback = "no bound",
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
    kImages,
    kImageBytes,
    kImageTokens,
    {.name = "answer",
     .type = fields,
     .meaning = "columns of the answer, in order; without it the answer is free text in one "
                "column, answer",
     .example = "{ queue = s.one_of { \"billing\", \"bug\" } }",
     .fallback = "free text"},
    {.name = "examples",
     .type = table,
     .meaning = "rows with the answers that they should get, shown to the model with every request",
     .example = "{ { row = { body = \"No invoice came\" }, answer = { queue = \"billing\" } } }",
     .fallback = "none"},
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
     .fallback = "the output's name with .rejects before its ending, which is .jsonl where that is "
                 ".csv or .tsv",
     .min = 1,
     .max = 4096},
    {.name = "keep",
     .type = columns,
     .meaning = "fields of the row that output lines begin with: all (\"row\") or those listed",
     .example = "{ \"id\", \"subject\" }",
     .fallback = "the key, or all fields when there is no key"},
    {.name = "keep_missing",
     .type = boolean,
     .meaning = "whether rows that have left the input keep their lines, and a changed row its old "
                "one beside the new",
     .example = "true",
     .fallback = "false: the output has the answers to the input as it is"},
    kS3Option,
    kGcsOption,
};

constexpr Section kJob[] = {
    {.name = "pipeline",
     .kind = SectionKind::pipeline,
     .meaning = "the job; what the file returns",
     .example = "return s.pipeline { name = \"classify-tickets\", s.read { … }, … }",
     .options = kPipeline,
     .positional = {.word = "stage",
                    .type = "a stage",
                    .luals = "sluice.Stage",
                    .meaning =
                        "read, then map, keep, explode and validate as needed, pack or "
                        "embed, dispatch, parse (which may be left out), then sink; what stands "
                        "between read and sink may come again, to ask about the answers",
                    .example = "s.read { \"data.jsonl\" }",
                    .least = 1,
                    .most = 100}},
    {.name = "checkpoint",
     .kind = SectionKind::table,
     .meaning = "the checkpoint of the job, an option of pipeline",
     .example = "checkpoint = { dir = \"/fast/disk/job\", durability = \"process\" }",
     .options = kCheckpoint},
    kFleetSection,
    kOnEndSection,
    {.name = "read",
     .meaning =
         "where the rows come from: JSON lines, CSV, TSV, JSON or text, by the files' endings",
     .example = "s.read { \"data/tickets-*.jsonl.zst\", key = \"id\" }",
     .options = kRead,
     .positional =
         {.word = "path",
          .type = "text, s.files, a table of a database or a queue",
          .luals = "string|sluice.Files|sluice.Table",
          .meaning =
              "files and globs, in order, of this machine (relative to the pipeline "
              "file), at s3://, gs:// or https://; gzip and zstd are inflated; \"-\" is "
              "standard input; s.files makes each file a row; s.postgres or s.sqlite "
              "alone reads a table, s.redis_stream, s.sqs, s.kafka or s.pubsub alone takes the "
              "rows of a queue",
          .example = "\"data/*.jsonl\"",
          .least = 1,
          .most = 10000}},
    {.name = "map",
     .kind = SectionKind::step,
     .meaning = "changes rows before they are asked",
     .example = "s.map(function(row) row.body = row.title .. \"\\n\" .. row.body return row end)",
     .options = {},
     .positional = {.word = "function",
                    .type = "a function",
                    .luals = "fun(row: table): table?, string?",
                    .meaning = "function(row) that returns the row, changed or new, or nil and the "
                               "reason to reject it",
                    .example = "function(row) return row end",
                    .least = 1,
                    .most = 1}},
    {.name = "keep",
     .kind = SectionKind::step,
     .meaning = "chooses rows; the others are not part of the job",
     .example = "s.keep(function(row) return #row.body > 10 end)",
     .options = {},
     .positional = {.word = "function",
                    .type = "a function",
                    .luals = "fun(row: table): boolean",
                    .meaning = "function(row) that returns true for the rows to keep",
                    .example = "function(row) return #row.body > 10 end",
                    .least = 1,
                    .most = 1}},
    {.name = "explode",
     .kind = SectionKind::step,
     .meaning = "makes any number of rows of each row",
     .example = "s.explode(function(row) local rows = {} for i, c in ipairs(row.claims) do rows[i] "
                "= { id = row.id, n = i, claim = c } end return rows end)",
     .options = {},
     .positional = {.word = "function",
                    .type = "a function",
                    .luals = "fun(row: table): table[]?, string?",
                    .meaning = "function(row) that returns a list of rows, which may be empty, or "
                               "nil and the reason to reject the row",
                    .example = "function(row) return { row } end",
                    .least = 1,
                    .most = 1}},
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
    {.name = "examples",
     .kind = SectionKind::table,
     .meaning = "examples for the model, an option of pack",
     .example = "examples = { { row = { body = \"No invoice came\" }, answer = { queue = "
                "\"billing\", urgency = 2 } } }",
     .options = {},
     .positional = {.word = "example",
                    .type = "a table",
                    .luals = "{ row: table, answer: table|string }",
                    .meaning = "{ row = …, answer = … }: the row's prompt is made as any row's "
                               "(by the function, too, when user is one: it is called while the "
                               "file loads); the answer keeps to the declaration, or is text "
                               "where there is none; at most 100",
                    .example = "{ row = { body = \"No invoice came\" }, answer = { queue = "
                               "\"billing\" } }",
                    .least = 1,
                    .most = 100}},
    kEmbedSection,
    kDispatchSection,
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
     .meaning =
         "where answers and rejects go, in the format of the ending: JSON lines, CSV or TSV "
         "as they come; .json, or any of them compressed (.gz, .zst), whole when a run ends. "
         "Several may stand one behind the other",
     .example = "s.sink { \"out/tickets.jsonl\", rejects = \"out/rejects.jsonl\" }",
     .options = kSink,
     .positional = {.word = "path",
                    .type = "text, a table of a database or a queue",
                    .luals = "string|sluice.Table",
                    .meaning = "the output file, relative to the pipeline file; or s.postgres, "
                               "s.sqlite, s.redis_stream, s.sqs, s.kafka or s.pubsub",
                    .example = "\"out/answers.jsonl\"",
                    .least = 1,
                    .most = 1}},
};

}  // namespace

std::span<const Section> job_sections() {
  return kJob;
}

}  // namespace sluice::dsl
