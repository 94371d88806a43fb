// Metrics as text, for Prometheus and others that scrape: OpenMetrics 1.0, or the older form that all understand.
//
// Sources: https://github.com/prometheus/OpenMetrics (specification/OpenMetrics.md),
// https://prometheus.io/docs/instrumenting/exposition_formats/
//
// Threads: any; plain functions.
#pragma once

#include <string>
#include <string_view>

#include "core/money.h"
#include "observe/metric.h"

namespace sluice::observe {

enum class MetricForm : std::uint8_t { prometheus, open_metrics };

// Of what an Accept header names, the one to write; empty: the older.
MetricForm form_for(std::string_view accept);
std::string_view content_type(MetricForm form);

std::string as_text(const MetricFamilies& families, MetricForm form);

// Decimal dollars, exact: "1.234567890123", "0", "-0.5".
std::string exact_dollars(core::Money money);

}  // namespace sluice::observe
