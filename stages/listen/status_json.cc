#include "listen/status_json.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "observe/metric_text.h"

namespace sluice::listen {
namespace {

using core::JsonWriter;

double seconds_since_1970(core::WallTime time) {
  return core::in_seconds(time.time_since_epoch());
}

template <class T>
void maybe(JsonWriter& w, std::string_view name, const std::optional<T>& value) {
  w.key(name);
  if (value) {
    w.value(*value);
  } else {
    w.null();
  }
}

void duration(JsonWriter& w, std::string_view name, const std::optional<core::Duration>& value) {
  maybe(w, name, value ? std::optional(core::in_seconds(*value)) : std::nullopt);
}

void money(JsonWriter& w, std::string_view name, const std::optional<core::Money>& value) {
  maybe(w, name, value ? std::optional(value->dollars()) : std::nullopt);
}

// As a number, and exact.
void exact_money(JsonWriter& w, const std::string& name, core::Money value) {
  w.field(name + "_usd", value.dollars());
  w.field(name + "_text", observe::exact_dollars(value));
}

std::string_view health_word(observe::Health health) {
  switch (health) {
    case observe::Health::fine:
      return "fine";
    case observe::Health::cooling:
      return "cooling";
    case observe::Health::probing:
      return "probing";
    case observe::Health::broken:
      return "broken";
    case observe::Health::stopped:
      return "stopped";
  }
  std::unreachable();
}

void write_head(JsonWriter& w, const Status& status, const Access& access) {
  w.field("job", status.job);
  w.field("file", status.file);
  w.field("version", status.version);
  w.field("pid", static_cast<std::uint64_t>(::getpid()));
  w.field("run", status.run);
  w.field("live", status.live.has_value());
  w.field("state", state_name(status.state));
  w.field("phase", status.live ? status.live->view.phase : std::string());
  w.field("why", status.why);
  w.field("control", access.control);
  w.field("token_needed", access.token_needed);
  w.field("time", seconds_since_1970(status.now));
  w.field("started", seconds_since_1970(status.started));
  w.field("elapsed_s", core::in_seconds(status.elapsed));
  w.field("question", static_cast<std::uint64_t>(status.question + 1));
  w.field("questions", static_cast<std::uint64_t>(status.questions));
  w.field("title", status.title);
}

void write_rows(JsonWriter& w, const Status& status) {
  const store::Account& account = status.account;
  w.key("rows");
  w.open('{');
  w.field("read", account.rows_read);
  w.field("answered", account.rows_answered);
  w.field("rejected", account.rows_rejected);
  w.field("pending", account.rows_pending());
  if (status.live) {
    maybe(w, "total", status.live->view.rows_total);
    w.field("total_is_estimate", status.live->view.total_is_estimate);
  } else {
    maybe(w, "total", account.input_complete ? std::optional(account.rows_read) : std::nullopt);
    w.field("total_is_estimate", false);
  }
  w.close('}');
  const auto rate = [&](double observe::View::* field) {
    return status.live ? std::optional(status.live->view.*field) : std::nullopt;
  };
  maybe(w, "rows_per_second", rate(&observe::View::rows_per_second));
  maybe(w, "tokens_per_second", rate(&observe::View::tokens_per_second));
}

void write_ledger(JsonWriter& w, const Status& status) {
  const store::EndpointLedger total = status.account.total();
  w.key("requests");
  w.open('{');
  w.field("answered", total.answered);
  w.field("failed", total.failed);
  w.field("in_flight", status.live ? status.live->in_flight : total.in_flight);
  maybe(w, "waiting", status.live ? std::optional(status.live->waiting) : std::nullopt);
  w.close('}');
  w.key("tokens");
  w.open('{');
  w.field("input", total.usage.input);
  w.field("cached", total.usage.cached_input);
  w.field("output", total.usage.output);
  w.field("reasoning", total.usage.reasoning);
  w.close('}');
  w.key("money");
  w.open('{');
  exact_money(w, "spent", total.cost);
  exact_money(w, "maybe_billed", total.maybe_billed_cost);
  w.field("reserved_usd", total.parked_cost.dollars());
  money(w, "budget_usd", status.budget);
  money(w, "projected_usd", status.live ? status.live->view.projected : std::nullopt);
  w.close('}');
  duration(w, "left_s", status.live ? status.live->view.left : std::nullopt);
  duration(w, "until_deadline_s", status.live ? status.live->view.until_deadline : std::nullopt);
  w.field("limit", status.live ? status.live->limit : std::string());
}

void write_live(JsonWriter& w, const Live& live, std::size_t e) {
  const observe::EndpointView& view = live.view.endpoints[e];
  w.field("health", health_word(view.health));
  w.field("in_flight", view.in_flight);
  w.field("cap", view.cap);
  w.field("max", live.endpoints[e].max_in_flight);
  maybe(w, "quota_used", view.quota_used);
  w.field("quota", live.quotas[e]);
  maybe(w, "learned_rpm", view.learned_per_minute);
  w.field("rate_limited", view.rate_limited);
  w.key("errors");
  w.open('[');
  for (const auto& [cause, count] : live.counts.endpoints[e].failures) {
    w.open('{');
    w.field("cause", provider::cause_name(cause));
    w.field("count", count);
    w.close('}');
  }
  w.close(']');
  duration(w, "median_s", view.median);
  duration(w, "tail_s", view.tail);
  w.field("problem", view.problem ? observe::problem_text(*view.problem) : view.failure);
}

void write_at_rest(JsonWriter& w, const store::EndpointLedger& ledger) {
  for (const std::string_view name : {"health", "in_flight", "cap", "max", "quota_used",
                                      "learned_rpm", "rate_limited", "median_s", "tail_s"}) {
    w.key(name);
    w.null();
  }
  w.field("quota", "");
  w.key("errors");
  w.raw("[]");
  w.field("problem", ledger.problem);
}

void write_endpoints(JsonWriter& w, const Status& status) {
  w.key("endpoints");
  w.open('[');
  for (const store::EndpointLedger& ledger : status.account.endpoints) {
    const auto info = std::ranges::find(status.endpoints, ledger.name, &EndpointInfo::name);
    w.open('{');
    w.field("name", ledger.name);
    w.field("model", info == status.endpoints.end() ? std::string() : info->model);
    w.field("tier", info == status.endpoints.end() ? std::string() : info->tier);
    w.field("answered", ledger.answered);
    w.field("failed", ledger.failed);
    w.field("input_tokens", ledger.usage.input);
    w.field("output_tokens", ledger.usage.output);
    exact_money(w, "cost", ledger.cost);
    const auto live = status.live ? std::ranges::find(status.live->view.endpoints, ledger.name,
                                                      &observe::EndpointView::name)
                                  : std::vector<observe::EndpointView>::const_iterator();
    if (status.live && live != status.live->view.endpoints.end()) {
      write_live(w, *status.live,
                 static_cast<std::size_t>(live - status.live->view.endpoints.begin()));
    } else {
      write_at_rest(w, ledger);
    }
    w.close('}');
  }
  w.close(']');
}

void write_batches(JsonWriter& w, const Status& status) {
  const auto name_of = [&](std::uint32_t endpoint) -> std::string {
    if (status.live)
      return endpoint < status.live->endpoints.size() ? status.live->endpoints[endpoint].name : "";
    return endpoint < status.account.endpoints.size() ? status.account.endpoints[endpoint].name
                                                      : "";
  };
  w.key("batches");
  w.open('[');
  for (const store::BatchRecord& batch :
       status.live ? status.live->batches : status.account.batches) {
    if (!batch.open()) continue;
    w.open('{');
    w.field("name", batch.nonce);
    w.field("endpoint", name_of(batch.endpoint));
    w.field("phase", store::phase_name(batch.phase));
    w.field("word", batch.word);
    w.field("requests", batch.lines);
    w.field("rows", batch.rows);
    w.field("done", batch.done);
    w.field("failed", batch.failed);
    w.field("age_s", batch.intended_at == 0
                         ? 0.0
                         : std::max(0.0, seconds_since_1970(status.now) -
                                             static_cast<double>(batch.intended_at)));
    w.field("note", batch.note);
    w.close('}');
  }
  w.close(']');
}

void write_rejects(JsonWriter& w, const Status& status) {
  w.key("rejects");
  w.open('[');
  for (const observe::RejectView& reject : status.rejects) {
    w.open('{');
    w.field("stage", reject.stage);
    w.field("reason", reject.reason);
    w.field("rows", reject.rows);
    w.field("example", reject.example);
    w.close('}');
  }
  w.close(']');
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::running:
      return "running";
    case State::paused:
      return "paused";
    case State::stopping:
      return "stopping";
    case State::finished:
      return "finished";
    case State::stopped:
      return "stopped";
    case State::failed:
      return "failed";
    case State::interrupted:
      return "interrupted";
    case State::running_elsewhere:
      return "running-elsewhere";
    case State::not_begun:
      return "not-begun";
  }
  std::unreachable();
}

std::string state_json(const Status& status, const Access& access) {
  std::string out;
  JsonWriter w(out);
  w.open('{');
  write_head(w, status, access);
  write_rows(w, status);
  write_ledger(w, status);
  write_endpoints(w, status);
  write_batches(w, status);
  write_rejects(w, status);
  w.close('}');
  return out;
}

}  // namespace sluice::listen
