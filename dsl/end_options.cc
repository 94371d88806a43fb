// The option on_end of s.pipeline. What comes from s.secret is looked at when the run begins: `sluice check` may not have
// it.
#include "dsl/end_options.h"

#include <fmt/format.h>

#include "dsl/constructors.h"
#include "notify/webhook.h"

namespace sluice::dsl {

stages::EndSpec read_on_end(lua_State* lua, const Arguments& pipeline) {
  if (!pipeline.has("on_end")) return {};
  const Arguments on_end(pipeline, kOnEndSection, "on_end");
  stages::EndSpec spec{.webhook = on_end.secret("webhook"), .secret = on_end.secret("secret")};
  // The lines are not shown: the path of an address may be a secret.
  if (const auto text = on_end.text("webhook")) {
    if (const auto address = notify::parse_address(*text); !address)
      raise_at(lua, nullptr, {}, fmt::format("webhook of on_end {}", address.error().message),
               "for example on_end = { webhook = \"https://example.com/hooks/sluice\" }");
  }
  if (on_end.text("secret")) {
    if (const auto key = notify::signing_key(spec.secret); !key)
      raise_at(lua, nullptr, {}, fmt::format("secret of on_end {}", key.error().message),
               "give it as secret = s.secret \"HOOK_SECRET\", as the receiver has it");
  }
  return spec;
}

}  // namespace sluice::dsl
