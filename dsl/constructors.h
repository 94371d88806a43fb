// The constructors of the `sluice` module, as C functions for Lua. Each checks its argument
// (dsl/arguments.h) and pushes a node (dsl/node.h).
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>
#include <memory>
#include <vector>

#include "answer/field.h"
#include "core/price.h"
#include "dsl/arguments.h"
#include "dsl/node.h"
#include "provider/endpoint.h"
#include "provider/profile.h"
#include "stages/spec.h"

namespace sluice::dsl {

// dsl/fields.cc
int construct_field(lua_State* lua);  // calling a bare field type: s.text { … }
void push_bare_field(lua_State* lua, answer::FieldType type);
// The names of `arguments` that are no options, as fields, in the order of the source.
std::vector<answer::Field> read_fields(lua_State* lua, const Arguments& arguments,
                                       const Section& section);

// dsl/examples.cc
// The examples in `pack`, whose other options `spec` holds already. Calls its `user` function.
std::vector<stages::Example> read_examples(lua_State* lua, const Arguments& pack,
                                           const stages::PackSpec& spec);

// dsl/format_options.cc
// What s.read says about the format of `paths`; `files`: they are of s.files.
format::FormatOptions read_format(const Arguments& read, const std::vector<std::string>& paths,
                                  bool files);

// dsl/end_options.cc
// The option on_end of s.pipeline.
stages::EndSpec read_on_end(lua_State* lua, const Arguments& pipeline);

// dsl/fleet_options.cc
// What the option fleet of s.pipeline says, in the questions of `job`.
void read_fleet(lua_State* lua, const Arguments& pipeline, stages::JobSpec& job);

// dsl/endpoints.cc
// Sets the constructor of each endpoint section (dsl/option_tables.h) in the table on top of the stack.
void push_endpoint_constructors(lua_State* lua);

// dsl/own_profile.cc
// The option `profile` of `endpoint`, which has it; what it leaves out is as in `base`.
std::shared_ptr<const provider::Profile> read_own_profile(const Arguments& endpoint,
                                                          const provider::Profile& base);

// dsl/price_options.cc
// The option price of an endpoint, which must be there.
core::Price read_price(const Arguments& endpoint);

// dsl/cascade.cc
int construct_cascade(lua_State* lua);
// What s.dispatch is given without a name: endpoints, or one cascade. Where there is one, its escalate
// function is pushed.
struct Asked {
  std::vector<std::vector<provider::EndpointSpec>> levels;  // at least one
  std::vector<Mark> marks;                                  // of all of them, in order
  std::vector<OptionMark> options;                          // without a cascade
  bool cascade = false;
};
Asked read_asked(lua_State* lua, const Arguments& dispatch);

// dsl/stage_constructors.cc
int construct_read(lua_State* lua);
int construct_map(lua_State* lua);
int construct_keep(lua_State* lua);
int construct_explode(lua_State* lua);
int construct_validate(lua_State* lua);
int construct_pack(lua_State* lua);
int construct_dispatch(lua_State* lua);
int construct_parse(lua_State* lua);
int construct_sink(lua_State* lua);

// dsl/tables.cc
int construct_postgres(lua_State* lua);
int construct_sqlite(lua_State* lua);
// The table in `node`, which `read` has as its first item.
table::Spec read_table(const Arguments& read, const Node& node);
// The table in `node`, which `sink` has as its item.
table::Spec sink_table(const Arguments& sink, const Node& node);

// dsl/queues.cc
int construct_redis_stream(lua_State* lua);
int construct_sqs(lua_State* lua);
int construct_kafka(lua_State* lua);
int construct_pubsub(lua_State* lua);
// As read_table() and sink_table().
queue::Spec read_queue(const Arguments& read, const Node& node);
queue::Spec sink_queue(const Arguments& sink, const Node& node);

// dsl/embed.cc
int construct_embed(lua_State* lua);

// dsl/parameters.cc
int construct_param(lua_State* lua);

// dsl/pipeline_builder.cc
int construct_pipeline(lua_State* lua);

}  // namespace sluice::dsl
