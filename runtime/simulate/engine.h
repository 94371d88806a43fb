// What a server that runs a model itself (vLLM, SGLang, TensorRT-LLM, llama.cpp) makes of so many requests at once, from a few
// numbers: how fast each answer grows, when it begins, and from where on more requests only wait.
//
// The problem: such a server has no quota. Every request more slows the others down, up to the wall, where the
// memory for keys and values (KV cache) or the server's own limit is full: behind it, requests queue inside the server and
// gain nothing. Where the numbers come from: measured points (engine_fit.h), a table (engine_table.h), or by hand.
//
//   B     = requests that decode at once: the concurrency, or the wall where that is lower
//   TPOT  = a + b·B + d·B·(ISL + OSL/2) + e·B·ISL/OSL + s·√B
//   TTFT  = t + p·ISL + q·B·ISL + r·TPOT, and behind the wall the time in the queue, by Little's law
//   tok/s = concurrency · OSL / (TTFT + TPOT·(OSL − 1))
//
// ISL, OSL: tokens of a prompt and of its answer. a: the weights are read for every token; b: work for each sequence; d: its
// keys and values are read; e: prompts are computed between the tokens of others (each step begins B/OSL of them);
// s: models of experts touch more of their weights the more sequences there are, and the fewer are new.
//
// Threads: plain values and pure functions; any. Times are milliseconds.
#pragma once

#include <optional>
#include <string>

namespace sluice::simulate {

struct Engine {
  double a = 0;  // ms a token
  double b = 0;  // ms a token for each sequence
  double d = 0;  // the same for each token that the sequence holds
  double e = 0;  // ms for each token of a prompt
  double s = 0;  // ms a token for the square root of the sequences
  double t = 0;  // ms until an answer begins
  double p = 0;  // ms for each token of its own prompt
  double q = 0;  // the same for each sequence beside it
  double r = 0;  // steps that it waits for
  std::optional<double>
      kv_tokens{};  // of prompts and answers together that have room; none = not known
  std::optional<double>
      most_running{};  // requests that run at once, however short (slots); none = not known
  friend bool operator==(const Engine&, const Engine&) = default;
};

struct EngineShape {
  double input_tokens = 0;   // ISL: those of the prompt that no prefix cache has
  double output_tokens = 0;  // OSL, at least 1
  double cached_tokens =
      0;  // more of the prompt, which the prefix cache has: they need no computing
};

// How many requests of this shape run at once at most; nullopt: no wall is known.
std::optional<double> engine_wall(const Engine& engine, const EngineShape& shape);

// While `running` requests decode at once.
double engine_tpot_ms(const Engine& engine, const EngineShape& shape, double running);
double engine_ttft_ms(const Engine& engine, const EngineShape& shape, double running);

struct EngineLoad {
  double output_tokens_per_second = 0;  // of all requests together
  double requests_per_second = 0;
  double ttft_ms = 0;  // with the time in the queue
  double tpot_ms = 0;
  double request_ms = 0;  // until its last token
  double running = 0;     // of the requests that are there; the rest queue
  bool queued = false;    // behind the wall
};
// `concurrency` requests are there all the time: when one ends, the next comes (closed loop).
EngineLoad predict(const Engine& engine, const EngineShape& shape, double concurrency);

// The least concurrency with nearly all of the tokens a second that there are up to `most`: kEnough of
// them. Never behind the wall, and never so high that a request takes longer than `longest_ms`.
struct EngineLimits {
  double most = 4096;
  std::optional<double> longest_ms{};
};
constexpr double kEnough = 0.95;
double best_concurrency(const Engine& engine, const EngineShape& shape,
                        const EngineLimits& limits = {});

// "a=6.4,b=0.06,d=6.1e-6,e=0.024,kv=480000": `a` at least. Where `t`, `p` and `q` are not named, they follow from
// a and e, in the proportions that measured servers have. On error: what is wrong, for a person.
struct EngineText {
  std::optional<Engine> engine;
  std::string error;
};
EngineText parse_engine(const std::string& text);
// The same form; zeros are left out.
std::string engine_text(const Engine& engine);

}  // namespace sluice::simulate
