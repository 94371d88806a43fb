// The option tables of tiers = { … } of an endpoint (dsl/tiers.h).
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMostOfATier = 1e15;  // no quota is larger

constexpr Option kTier[] = {
    {.name = "rpm",
     .type = number,
     .meaning = "requests a minute",
     .example = "500",
     .fallback = "the endpoint's",
     .min = 1e-6,
     .max = kMostOfATier},
    {.name = "tpm",
     .type = number,
     .meaning = "tokens a minute, input and output",
     .example = "150e6",
     .fallback = "the endpoint's",
     .min = 1,
     .max = kMostOfATier},
    {.name = "input_tpm",
     .type = number,
     .meaning = "input tokens a minute",
     .example = "400e3",
     .fallback = "the endpoint's",
     .min = 1,
     .max = kMostOfATier},
    {.name = "output_tpm",
     .type = number,
     .meaning = "output tokens a minute",
     .example = "80e3",
     .fallback = "the endpoint's",
     .min = 1,
     .max = kMostOfATier},
    {.name = "rpd",
     .type = number,
     .meaning = "requests a day",
     .example = "10000",
     .fallback = "the endpoint's",
     .min = 1,
     .max = kMostOfATier},
    {.name = "tpd",
     .type = number,
     .meaning = "tokens a day",
     .example = "2e9",
     .fallback = "the endpoint's",
     .min = 1,
     .max = kMostOfATier},
    {.name = "max_concurrency",
     .type = whole,
     .meaning = "requests in flight, at most",
     .example = "64",
     .fallback = "the endpoint's",
     .min = 1,
     .max = 100000},
    {.name = "weight",
     .type = number,
     .meaning = "with route = \"spread\", its share of the requests",
     .example = "3",
     .fallback = "the endpoint's",
     .min = 1e-6,
     .max = 1e6},
    {.name = "price",
     .type = table_or_zero,
     .meaning = "what tokens cost at this tier",
     .example = "{ input = 0.375, output = 2.25 }",
     .fallback = "the endpoint's, else the list price"},
    {.name = "timeout",
     .type = duration,
     .meaning = "for one request, from sending to the last byte",
     .example = "\"15m\"",
     .fallback = "the endpoint's, else 15m for \"flex\" and 120s for others"},
    {.name = "first_byte_timeout",
     .type = duration,
     .meaning = "from the request's last byte sent to the answer's first",
     .example = "\"10m\"",
     .fallback = "the endpoint's"},
    {.name = "window",
     .type = duration,
     .meaning = "of \"batch\": how long a batch may take; it is then cancelled, what it has is "
                "kept, and the rest is "
                "asked otherwise",
     .example = "\"12h\"",
     .fallback = "the provider's, mostly 24h"},
    {.name = "search",
     .type = duration,
     .meaning = "of \"batch\": how long the provider's list is searched for a batch whose creation "
                "came to an unknown end, "
                "before it is created again",
     .example = "\"5m\"",
     .fallback = "90s"},
    {.name = "requests",
     .type = whole,
     .meaning = "of \"batch\": requests in one batch, at most",
     .example = "5000",
     .fallback = "10000, or what the provider takes",
     .min = 1,
     .max = 65536},
};

constexpr Section kTierSections[] = {
    {.name = "tiers",
     .kind = SectionKind::table,
     .meaning = "the tiers of a model, an option of the endpoints",
     .example = "tiers = { \"flex\", { \"standard\", rpm = 500 }, \"priority\" }",
     .options = {},
     .positional = {.word = "tier",
                    .type = "text or a table",
                    .luals = "string|sluice.tierOptions",
                    .meaning =
                        "\"batch\", \"flex\", \"standard\", \"priority\" or \"fast\", as far as "
                        "the provider sells "
                        "it (docs/providers.md, Tiers); a table gives the tier limits of its own",
                    .example = "\"flex\"",
                    .least = 1,
                    .most = 10}},
    {.name = "tier",
     .kind = SectionKind::table,
     .meaning = "one of the tiers, with what is its own",
     .example = "{ \"standard\", rpm = 500, tpm = 1e6 }",
     .options = kTier,
     .positional = {.word = "name",
                    .type = "text",
                    .luals = "string",
                    .meaning = "its name",
                    .example = "\"standard\"",
                    .least = 1,
                    .most = 1}}};

}  // namespace

std::span<const Section> tier_sections() {
  return kTierSections;
}

}  // namespace sluice::dsl
