// s.pipeline { … }: the stages, in their order, become one JobSpec.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "dsl/constructors.h"
#include "dsl/embed.h"
#include "dsl/images.h"
#include "dsl/job_chain.h"
#include "dsl/money.h"
#include "dsl/node.h"
#include "dsl/option_places.h"
#include "dsl/prices.h"
#include "dsl/sinks.h"

namespace sluice::dsl {
namespace {

// Where a stage stands in its question. Steps may come in any number and order.
enum class Rank : std::uint8_t { none, read, step, pack, dispatch, parse, sink };
struct StageRank {
  std::string_view name;
  Rank rank;
};
constexpr std::array<StageRank, 10> kStages = {{{"read", Rank::read},
                                                {"map", Rank::step},
                                                {"keep", Rank::step},
                                                {"explode", Rank::step},
                                                {"validate", Rank::step},
                                                {"pack", Rank::pack},
                                                {"embed", Rank::pack},
                                                {"dispatch", Rank::dispatch},
                                                {"parse", Rank::parse},
                                                {"sink", Rank::sink}}};
constexpr std::string_view kFlow =
    "the order is read; map, keep, explode, validate; pack or embed, dispatch, parse; sink";

bool valid_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return std::ranges::all_of(name, fine) && !name.starts_with('.') && !name.starts_with('-');
}

class Builder {
 public:
  Builder(lua_State* lua, const Arguments& arguments) : lua_(lua), arguments_(arguments) {
    lua_newtable(lua);
    functions_ = lua_gettop(lua);
  }

  // Leaves the list of functions on top of the stack.
  Pipeline run() {
    read_options();
    begin_question();
    for (std::size_t i = 1; i <= arguments_.items(); ++i) {
      arguments_.push_item(i);
      add_item(i, 0);
      lua_pop(lua_, 1);
    }
    if (!read_) missing("read");
    end_question();
    if (sinks_.empty()) missing("sink");
    const auto& queue = built_.job.questions.front().read.queue;
    if (queue && !queue->idle_exit && built_.job.questions.size() > 1)
      arguments_.fail("the rows of a queue have no end, and the next question begins at their end",
                      "give the queue in s.read an idle_exit, for example idle_exit = \"1m\"");
    join_questions(built_.job);
    read_fleet(lua_, arguments_, built_.job);
    join_sinks(lua_, sinks_, built_.job.questions.back());
    check_files();
    check_images(lua_, built_.job, marks_);
    take_prices(lua_, built_.job, marks_);
    check_money(lua_, built_.job, marks_);
    return std::move(built_);
  }

 private:
  void read_options() {
    stages::JobSpec& job = built_.job;
    job.name = *arguments_.text("name");
    if (!valid_name(job.name)) {
      arguments_.fail_value(
          "name",
          "name must be of letters, digits, '.', '_' and '-', and begin with a letter or digit",
          "for example name = \"classify-tickets\"");
    }
    job.directory = ".sluice/" + job.name;
    job.on_end = read_on_end(lua_, arguments_);
    if (!arguments_.has("checkpoint")) return;
    const Arguments checkpoint(arguments_, section("checkpoint"), "checkpoint");
    checkpoint_.share = checkpoint.text("share").value_or("");
    if (!checkpoint_.share.empty()) job.directory = checkpoint_.share + "/" + job.name;
    job.directory = checkpoint.text("dir").value_or(job.directory);
    if (checkpoint.text("durability") == "process") {
      checkpoint_.durability = store::Durability::process;
    }
  }

  // What is on top of the stack: a stage, or a list of them, as functions return that make several.
  void add_item(std::size_t number, int depth) {
    constexpr int kMostDepth = 8;
    if (!lua_istable(lua_, -1) || depth == kMostDepth) return add(number, to_node(lua_, -1));
    luaL_checkstack(lua_, 8, "too many lists in one another");
    const auto count = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
    lua_Integer keys = 0;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++keys;
    script::Sandbox::of(lua_).charge(static_cast<std::uint64_t>(keys));
    if (keys != count || count == 0) {
      arguments_.fail_item(
          number, fmt::format("item {} of pipeline is a table, not a stage", number),
          count == 0 && keys == 0
              ? "a list of stages needs at least one"
              : "a list of stages has no names and no holes: { s.map(…), s.pack { … } }");
    }
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, i);
      add_item(number, depth + 1);
      lua_pop(lua_, 1);
    }
  }

  void add(std::size_t number, const Node* node) {
    const auto* stage =
        node == nullptr ? kStages.end() : std::ranges::find(kStages, node->name, &StageRank::name);
    if (stage == kStages.end()) {
      arguments_.fail_item(
          number,
          fmt::format("item {} of pipeline must be a stage, got {}", number, describe(lua_, -1)),
          kFlow);
    }
    const bool answered = rank_ == Rank::dispatch || rank_ == Rank::parse;
    if (answered && (stage->rank == Rank::step || stage->rank == Rank::pack)) {
      end_question();
      begin_question();
    }
    const script::Span item = arguments_.place().item(number);
    const bool here = node->source == arguments_.place().source &&
                      node->span.offset >= item.offset &&
                      node->span.offset < item.offset + item.length;
    from_elsewhere_ = from_elsewhere_ || !here;
    check_order(*node, stage->rank);
    if (stage->rank == Rank::sink) end_question();
    rank_ = stage->rank;
    last_ = node->name;
    if (first_ == nullptr) first_ = node;
    take(*node);
  }

  void begin_question() {
    rank_ = Rank::none;
    last_ = {};
    first_ = nullptr;
    packed_ = dispatched_ = fitted_ = false;
    stages::PipelineSpec& spec = built_.job.questions.emplace_back();
    spec.name = built_.job.name;
    spec.file = loader_of(lua_).project.file();
    spec.checkpoint = checkpoint_;
  }

  void end_question() {
    if (!packed_ && built_.job.questions.size() > 1) {
      raise_at(lua_, first_->source, first_->span,
               fmt::format("{} stands after the last question", first_->name),
               "it works on rows that are asked next; to change or refuse an answer, give s.parse "
               "a function");
    }
    if (!packed_) missing("pack");
    if (!dispatched_) missing("dispatch");
    stages::PipelineSpec& question = built_.job.questions.back();
    if (question.pack.embed && !fitted_) {
      if (!later_levels_.empty())
        arguments_.fail("a cascade has no answer to judge where texts are embedded",
                        "give dispatch one endpoint in place of s.cascade");
      fit_endpoints(lua_, question, marks_.back(), has_parse_function());
    }
    fitted_ = true;
    add_levels();
  }

  // The later levels of the question's cascade: each asks the same of rows that the one before leaves
  // to it. Their escalate functions have their places already.
  void add_levels() {
    std::vector<stages::PipelineSpec>& questions = built_.job.questions;
    const std::vector<stages::DispatchSpec> later = std::exchange(later_levels_, {});
    const std::size_t first = questions.size() - 1;
    const std::vector<FunctionPlace> functions = built_.functions;
    for (const stages::DispatchSpec& dispatch : later) {
      stages::PipelineSpec spec = questions[first];
      spec.read = {};
      spec.read.steps = {stages::EscalateStep()};
      spec.validate.reset();
      spec.dispatch = dispatch;
      spec.level.number = static_cast<int>(questions.size() - first) + 1;
      for (std::size_t i = 0; i < functions.size(); ++i) {
        const FunctionPlace& place = functions[i];
        const bool asks = place.kind == FunctionKind::user || place.kind == FunctionKind::parse;
        if (place.question != first || !asks) continue;
        lua_rawgeti(lua_, functions_, static_cast<lua_Integer>(i) + 1);
        add_function({place.kind, questions.size(), std::nullopt});
      }
      questions.push_back(std::move(spec));
    }
  }

  [[noreturn]] void missing(std::string_view stage) const {
    std::string hint = fmt::format("add {}", section(stage).example);
    if (from_elsewhere_)
      hint +=
          "; a function that gives several stages must return them as one list, { s.pack { … }, "
          "s.dispatch { … } }: of several values only the first counts here";
    arguments_.fail(fmt::format("missing stage '{}'", stage), hint);
  }

  void check_order(const Node& node, Rank rank) const {
    const bool twice = rank == Rank::read   ? read_
                       : rank == Rank::sink ? false  // several may stand there
                       : rank == Rank::step ? node.name == "validate" && last_ == node.name
                                            : rank == rank_;
    if (twice) {
      const std::string hint =
          rank == Rank::pack       ? "the next question comes after this one's dispatch and parse"
          : rank == Rank::dispatch ? "put the endpoints together; another question begins with pack"
          : rank == Rank::parse    ? "a question has one parse; another question begins with pack"
          : rank == Rank::step     ? "put them together"
                               : fmt::format("a pipeline has one {}; put them together", node.name);
      raise_at(lua_, node.source, node.span, fmt::format("a second {}", node.name), hint);
    }
    if (rank < rank_) {
      raise_at(lua_, node.source, node.span, fmt::format("{} stands after {}", node.name, last_),
               kFlow);
    }
  }

  void take(const Node& node) {
    stages::PipelineSpec& spec = built_.job.questions.back();
    std::ranges::move(places_of(lua_, node.options), std::back_inserter(spec.places));
    if (const auto* read = std::get_if<stages::ReadSpec>(&node.value)) {
      spec.read = *read;
      read_ = true;
    }
    if (const auto* map = std::get_if<stages::MapStep>(&node.value))
      take_step(*map, FunctionKind::map);
    if (const auto* keep = std::get_if<stages::KeepStep>(&node.value))
      take_step(*keep, FunctionKind::keep);
    if (const auto* explode = std::get_if<stages::ExplodeStep>(&node.value))
      take_step(*explode, FunctionKind::explode);
    if (const auto* validate = std::get_if<stages::ValidateSpec>(&node.value))
      take_step(*validate, FunctionKind::check);
    if (const auto* pack = std::get_if<stages::PackSpec>(&node.value)) {
      spec.pack = *pack;
      packed_ = true;
      validate_last();
      take_function(FunctionKind::user);
    }
    if (const auto* dispatch = std::get_if<Dispatch>(&node.value)) {
      take_dispatch(*dispatch, node.marks, spec);
      dispatched_ = true;
    }
    if (const auto* parse = std::get_if<stages::ParseSpec>(&node.value)) {
      spec.parse = *parse;
      take_function(FunctionKind::parse);
    }
    if (const auto* sink = std::get_if<stages::SinkSpec>(&node.value)) {
      if (sinks_.empty()) spec.sink = *sink;
      sinks_.push_back(&node);
    }
  }

  // The function in the node on top of the stack, if it has one, goes to the list of functions.
  void take_function(FunctionKind kind, std::optional<std::size_t> step = std::nullopt) {
    if (lua_getiuservalue(lua_, -1, 1) != LUA_TFUNCTION) return lua_pop(lua_, 1);
    add_function({kind, built_.job.questions.size() - 1, step});
  }

  // The one on top of the stack.
  void add_function(FunctionPlace place) {
    built_.functions.push_back(place);
    lua_rawseti(lua_, functions_, static_cast<lua_Integer>(built_.functions.size()));
  }

  // `marks`: of the endpoints of all levels, then of the file of prices and the budget. The node is on top of the stack.
  void take_dispatch(const Dispatch& dispatch, const std::vector<Mark>& marks,
                     stages::PipelineSpec& spec) {
    spec.dispatch = dispatch.levels.front();
    later_levels_.assign(dispatch.levels.begin() + 1, dispatch.levels.end());
    const auto levels = dispatch.levels.size();
    if (levels > 1) spec.level = {.number = 1, .count = static_cast<int>(levels)};
    auto mark = marks.begin();
    for (const stages::DispatchSpec& level : dispatch.levels) {
      const auto end = mark + static_cast<std::ptrdiff_t>(level.endpoints.size());
      std::vector<Mark>& own = marks_.emplace_back(mark, end);
      own.insert(own.end(), marks.end() - 2, marks.end());
      mark = end;
    }
    for (std::size_t level = 1; level < levels; ++level) {
      lua_getiuservalue(lua_, -1, 1);
      add_function({FunctionKind::escalate, built_.job.questions.size() - 1 + level, 0});
    }
  }

  bool has_parse_function() const {
    return std::ranges::any_of(built_.functions, [&](const FunctionPlace& place) {
      return place.kind == FunctionKind::parse && place.question + 1 == built_.job.questions.size();
    });
  }

  void take_step(stages::Step step, FunctionKind kind) {
    std::vector<stages::Step>& steps = built_.job.questions.back().read.steps;
    take_function(kind, steps.size());
    steps.push_back(std::move(step));
  }

  // A validate with no step after it is not the reader's: it runs on all workers at once.
  void validate_last() {
    stages::PipelineSpec& spec = built_.job.questions.back();
    std::vector<stages::Step>& steps = spec.read.steps;
    if (steps.empty() || !std::holds_alternative<stages::ValidateSpec>(steps.back())) return;
    spec.validate = std::get<stages::ValidateSpec>(std::move(steps.back()));
    steps.pop_back();
    for (FunctionPlace& place : built_.functions) {
      if (place.question + 1 == built_.job.questions.size() && place.step == steps.size())
        place.step.reset();
    }
  }

  void check_files() const {
    const auto& questions = built_.job.questions;
    std::vector<std::string_view> taken(questions[0].read.paths.begin(),
                                        questions[0].read.paths.end());
    for (const stages::PipelineSpec& question : questions) {
      std::vector<std::string> paths = {question.sink.path, question.sink.rejects};
      for (const stages::DeliverySpec& to : question.sink.deliveries) paths.push_back(to.path);
      for (const std::string& path : paths) {
        if (std::ranges::find(taken, path) == taken.end()) continue;
        raise_at(lua_, sinks_[0]->source, sinks_[0]->span,
                 fmt::format("sink would write over '{}', which read reads", path),
                 "give the output another name");
      }
    }
  }

  lua_State* lua_;
  const Arguments& arguments_;
  int functions_;  // index of their list
  Pipeline built_;
  stages::CheckpointSpec checkpoint_;
  bool read_ = false;
  std::vector<const Node*> sinks_;
  bool from_elsewhere_ = false;           // a stage was not made where it stands
  std::vector<std::vector<Mark>> marks_;  // of each question's dispatch
  // Of the question that is being built.
  Rank rank_ = Rank::none;
  std::string_view last_;        // stage
  const Node* first_ = nullptr;  // stage
  bool packed_ = false;
  bool dispatched_ = false;
  std::vector<stages::DispatchSpec> later_levels_;  // of its cascade
  bool fitted_ = false;                             // end_question() has run
};

}  // namespace

int construct_pipeline(lua_State* lua) {
  const Arguments arguments(lua, section("pipeline"));
  Pipeline pipeline = Builder(lua, arguments).run();
  const Place& place = arguments.place();
  push_node(lua, Node{.name = "pipeline",
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(pipeline)});
  lua_insert(lua, -2);
  lua_setiuservalue(lua, -2, 1);
  return 1;
}

}  // namespace sluice::dsl
