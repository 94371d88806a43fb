// The option tables of the field types.
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

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

constexpr Section kFields[] = {
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

std::span<const Section> field_sections() {
  return kFields;
}

}  // namespace sluice::dsl
