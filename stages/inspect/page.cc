#include "inspect/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base64.h"
#include "inspect/page_charts.h"
#include "observe/figures.h"
#include "web/embedded.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kSpanColours = 8;  // of spans, in page.css

constexpr std::size_t kLongCell = 48;  // bytes: a longer one is broken into lines
constexpr std::size_t kMostKeys = 12;  // texts of spans below a chart

int nibble(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

// Escaped text with `code` between tags.
std::string with_code(const std::string& text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '`' || (!inside && text.find('`', i + 1) == text.npos)) {
      out += text[i];
      continue;
    }
    inside = !inside;
    out += inside ? "<code>" : "</code>";
  }
  return out;
}

// 'sha256-…', as a policy names a script or a style.
std::string source_of(const web::EmbeddedFile& file) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < file.sha256.size(); i += 2)
    bytes += static_cast<char>(nibble(file.sha256[i]) << 4 | nibble(file.sha256[i + 1]));
  std::string base64;
  core::append_base64(base64, bytes);
  return fmt::format("'sha256-{}'", base64);
}

class PageWriter {
 public:
  explicit PageWriter(const Page& page) : page_(page), library_(web::chart_library()) {}

  std::string text() {
    head();
    body();
    foot();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  static web::EmbeddedFile own(std::string_view name) {
    return web::embedded_file(name).value_or(web::EmbeddedFile{});
  }

  void head() {
    std::string styles = source_of(own("page.css"));
    std::string scripts = source_of(own("page.js"));
    if (library_) styles += ' ' + source_of(library_->style);
    if (library_) scripts += ' ' + source_of(library_->script);
    put("{}<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "{}; "
        "script-src {}; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n",
        kPageStart, styles, scripts, escaped(page_.title));
    if (library_) put("<style>{}</style>\n", library_->style.text);
    put("<style>{}</style>\n</head>\n", own("page.css").text);
  }

  void body() {
    put("<body>\n<header>\n<h1>{}</h1>\n", escaped(page_.title));
    if (!page_.subtitle.empty()) put("<p class=\"subtitle\">{}</p>\n", escaped(page_.subtitle));
    block(page_.facts);
    put("</header>\n<main>\n");
    for (const Section& section : page_.sections) {
      put("<section>\n<h2>{}</h2>\n", escaped(section.title));
      for (const Block& one : section.blocks)
        std::visit([this](const auto& block_of) { block(block_of); }, one);
      put("</section>\n");
      ++group_;
    }
    put("</main>\n");
  }

  void foot() {
    put("<footer>\n");
    for (const std::string& note : page_.notes) put("<p>{}</p>\n", escaped(note));
    if (any_chart_ && !library_)
      put("<p>The program that made this page was built without what draws its charts.</p>\n");
    put("</footer>\n");
    if (library_ && any_chart_) {
      put("<script type=\"application/json\" id=\"charts\">[{}]</script>\n", charts_);
      put("<!--\nuPlot, which draws the charts:\n\n{}-->\n", library_->licence);
      put("<script>{}</script>\n<script>{}</script>\n", library_->script.text, own("page.js").text);
    }
    put("</body>\n</html>\n");
  }

  void block(const Note& note) { put("<p>{}</p>\n", with_code(escaped(note.text))); }

  void block(const Facts& facts) {
    if (facts.facts.empty()) return;
    put("<dl class=\"facts\">\n");
    for (const Fact& fact : facts.facts) {
      put("<div><dt>{}</dt><dd>{}", escaped(fact.label), escaped(fact.value));
      if (!fact.note.empty()) put("<small>{}</small>", escaped(fact.note));
      put("</dd></div>\n");
    }
    put("</dl>\n");
  }

  void block(const Table& table) {
    // What is wider than the page is scrolled, by keys as well.
    put("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n<table>\n",
        escaped(table.title.empty() ? "table" : table.title));
    if (!table.title.empty()) put("<caption>{}</caption>\n", escaped(table.title));
    put("<thead><tr>");
    for (const Column& column : table.columns)
      put("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"number\"" : "",
          escaped(column.title));
    put("</tr></thead>\n<tbody>\n");
    for (const auto& row : table.rows) {
      put("<tr>");
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        cell(table.columns[c], c < row.size() ? row[c] : std::string());
      put("</tr>\n");
    }
    put("</tbody>\n</table>\n</div>\n");
    if (!table.note.empty()) put("<p class=\"note\">{}</p>\n", escaped(table.note));
  }

  void cell(const Column& column, const std::string& text) {
    const std::string_view look = column.number             ? " class=\"number\""
                                  : text.size() > kLongCell ? " class=\"long\""
                                                            : "";
    put("<td{}>", look);
    if (!text.empty()) put("<bdi>{}</bdi>", escaped(text));
    put("</td>");
  }

  void block(const Chart& chart) {
    any_chart_ = true;
    if (!library_) return;
    if (!charts_.empty()) charts_ += ',';
    charts_ += chart_json(chart, group_);
    put("<figure>\n<figcaption>{}</figcaption>\n<div class=\"chart\" tabindex=\"0\" role=\"img\" "
        "aria-label=\"{}: a chart; the arrow keys show its values\"></div>\n",
        escaped(chart.title), escaped(chart.title));
    const std::vector<SpanText> texts = span_texts(chart, kept_spans(chart));
    if (!texts.empty()) {
      put("<ul class=\"key\">\n");
      for (std::size_t i = 0; i < std::min(texts.size(), kMostKeys); ++i)
        put("<li><i class=\"s{}\"></i>{} <b>{}</b></li>\n", i % kSpanColours,
            escaped(texts[i].text), observe::percent(texts[i].share));
      if (texts.size() > kMostKeys) put("<li>and {} more</li>\n", texts.size() - kMostKeys);
      put("</ul>\n");
    }
    if (!chart.note.empty()) put("<p class=\"note\">{}</p>\n", escaped(chart.note));
    put("</figure>\n");
  }

  const Page& page_;
  const std::optional<web::ChartLibrary> library_;
  std::string out_;
  std::string charts_;
  std::size_t group_ = 0;
  bool any_chart_ = false;
};

}  // namespace

std::string html(const Page& page) {
  return PageWriter(page).text();
}

}  // namespace sluice::inspect
