// The flow of a job as text, whole, for both formats.
#include "inspect/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/support.h"

namespace sluice::inspect {
namespace {

using testing::HasSubstr;
using testing::Not;

// Two questions with a step between, two endpoints at the second.
stages::JobSpec two_questions() {
  stages::JobSpec job;
  job.name = "claims";
  stages::PipelineSpec first = stages::simple_spec(20);
  first.read.paths = {"docs.jsonl"};
  first.validate = stages::ValidateSpec{
      .fields = {answer::field("title", answer::FieldType::text)}, .check = {}, .script = {}};
  first.sink.rejects = "out.rejects.question-1.jsonl";
  stages::PipelineSpec second = stages::simple_spec(1);
  second.read.steps = {stages::ExplodeStep{.explode = {}, .script = {{}, "claims.lua:31"}}};
  second.parse.retries = 0;
  second.dispatch.endpoints.front().service_tier = "flex";
  second.dispatch.endpoints.push_back(second.dispatch.endpoints.front());
  second.dispatch.endpoints.back().name = "backup";
  job.questions = {first, second};
  return job;
}

TEST(Graph, IsAFlowchartForMermaid) {
  EXPECT_EQ(mermaid(graph_of(two_questions())), R"(flowchart TB
  n1[("docs.jsonl")]
  subgraph q1["question 1 of 2"]
    n2["validate<br>title"]
    n3[["pack<br>up to 20 rows a request<br>answer: a"]]
    n4(["m"])
    n5["parse"]
  end
  subgraph q2["question 2 of 2"]
    n6["explode<br>claims.lua:31"]
    n7[["pack<br>one row a request<br>answer: a"]]
    n8(["m<br>tier flex"])
    n9(["backup<br>model m<br>tier flex"])
    n10["parse"]
  end
  n11[("out.jsonl")]
  n12[("out.rejects.question-1.jsonl")]
  n13[("out.rejects.jsonl")]
  n1 --> n2
  n2 --> n3
  n3 --> n4
  n4 --> n5
  n5 -.->|"asked again, up to twice"| n3
  n5 -->|"answered"| n6
  n6 --> n7
  n7 --> n8
  n7 --> n9
  n8 --> n10
  n9 --> n10
  n10 -->|"answered"| n11
  n2 -.->|"rejected"| n12
  n3 -.->|"rejected"| n12
  n5 -.->|"rejected"| n12
  n6 -.->|"rejected"| n13
  n7 -.->|"rejected"| n13
  n10 -.->|"rejected"| n13
)");
}

TEST(Graph, IsADigraphForGraphviz) {
  stages::JobSpec job;
  job.name = "simple";
  job.questions = {stages::simple_spec(1)};
  job.questions.front().read.paths = {"-"};
  EXPECT_EQ(dot(graph_of(job)), R"(digraph "simple" {
  rankdir=TB;
  graph [fontname="Helvetica", fontsize=11];
  node [fontname="Helvetica", fontsize=11, style=filled, fillcolor=white];
  edge [fontname="Helvetica", fontsize=10];
  n1 [shape=cylinder, label="standard input"];
  n2 [shape=box, peripheries=2, label="pack\none row a request\nanswer: a"];
  n3 [shape=box, style="filled,rounded", label="m"];
  n4 [shape=box, label="parse"];
  n5 [shape=cylinder, label="out.jsonl"];
  n6 [shape=cylinder, label="out.rejects.jsonl"];
  n1 -> n2;
  n2 -> n3;
  n3 -> n4;
  n4 -> n2 [label="asked again, up to twice", style=dashed];
  n4 -> n5 [label="answered"];
  n2 -> n6 [label="rejected", style=dashed];
  n4 -> n6 [label="rejected", style=dashed];
}
)");
}

TEST(Graph, NamesCannotChangeIt) {
  stages::JobSpec job;
  job.name = "simple";
  job.questions = {stages::simple_spec(1)};
  job.questions.front().read.paths = {"a\"]; b --> c\\\n<script>#quot;.jsonl"};
  const Graph graph = graph_of(job);
  EXPECT_THAT(mermaid(graph),
              HasSubstr("n1[(\"a#34;]; b --#62; c#92; #60;script#62;#35;quot;.jsonl\")]\n"));
  EXPECT_THAT(dot(graph), HasSubstr("label=\"a\\\"]; b --> c\\\\ <script>#quot;.jsonl\"];\n"));
}

TEST(Graph, ALongNameIsCutBetweenCharacters) {
  stages::JobSpec job;
  job.name = "simple";
  job.questions = {stages::simple_spec(1)};
  std::string name = "x";
  for (int i = 0; i < 100; ++i) name += "ü";
  job.questions.front().read.paths = {name};
  const std::string text = mermaid(graph_of(job));
  EXPECT_THAT(text, HasSubstr("ü…\")]"));
  EXPECT_THAT(text, Not(HasSubstr("?")));
}

}  // namespace
}  // namespace sluice::inspect
