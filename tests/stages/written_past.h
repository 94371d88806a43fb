// A job's past, for tests of what is proven by it: generations of lines, each with a mark.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "checkpoint/projection.h"
#include "job/file_sink.h"

namespace sluice::stages {

class WrittenPast final : public checkpoint::Past {
 public:
  struct Line {
    std::string text;  // with its end
    bool optional = false;
  };
  struct Generation {
    std::vector<Line> answers, rejects;
    store::Mark mark;
    std::size_t marked_answers = 0, marked_rejects = 0;  // lines that the mark includes
  };

  bool lost = false;
  std::deque<Generation> all;  // the latest first

  std::size_t generations() const override { return all.size(); }
  const store::Mark& mark(std::size_t i) const override { return all[i].mark; }
  bool may_have_lost() const override { return lost; }
  core::Status lines(std::size_t i, store::Kind kind, From from, const Each& each) override {
    const Generation& g = all[i];
    const bool answers = kind == store::Kind::answer;
    const std::vector<Line>& lines = answers ? g.answers : g.rejects;
    const std::size_t marked = answers ? g.marked_answers : g.marked_rejects;
    for (std::size_t at = from == From::mark ? marked : 0; at < lines.size(); ++at) {
      const auto more = each(lines[at].text, lines[at].optional);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
    }
    return {};
  }

  // A run of a new generation that writes these lines and is recorded behind them; then, cut off
  // before it is recorded again, `more` answers.
  void run(const std::string& answers_path, const std::string& rejects_path,
           const std::vector<std::string>& answers, const std::vector<std::string>& rejects,
           const std::vector<std::string>& more = {}) {
    const auto sink = job::make_file_sink(answers_path, rejects_path);
    const auto opened = sink->open({}, *this);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    Generation g;
    for (const std::string& line : answers) {
      g.answers.push_back({line});
      ASSERT_TRUE(sink->append(line, "").has_value());
    }
    for (const std::string& line : rejects) {
      g.rejects.push_back({line});
      ASSERT_TRUE(sink->append("", line).has_value());
    }
    const auto mark = sink->write_out();
    ASSERT_TRUE(mark.has_value()) << mark.error().text();
    g.mark = *mark;
    g.marked_answers = answers.size();
    g.marked_rejects = rejects.size();
    for (const std::string& line : more) {
      g.answers.push_back({line});
      ASSERT_TRUE(sink->append(line, "").has_value());
    }
    ASSERT_TRUE(sink->write_out().has_value());
    ASSERT_TRUE(sink->sync().has_value());
    all.push_front(std::move(g));
  }
};

}  // namespace sluice::stages
