// A request for people to see: whole, and without its key.
#include "inspect/request_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/user_content.h"
#include "tests/stages/support.h"

namespace sluice::inspect {
namespace {

stages::Request request_of(const std::string& content) {
  stages::Request request;
  request.user_content = std::make_shared<const std::string>(content);
  return request;
}

TEST(RequestText, HasTheBytesOfTheBodyAndNoKey) {
  provider::EndpointSpec spec;
  spec.base_url = "http://localhost/v1";
  spec.model = "m";
  spec.key = core::Secret("sk-0123456789");
  provider::PromptFrame frame;
  frame.system = "Be brief.";
  const dispatch::Endpoint endpoint = dispatch::make_endpoint(spec, frame);
  const RequestText text = request_text(spec, endpoint, request_of("\"hello\""));
  EXPECT_EQ(text.method, "POST");
  EXPECT_EQ(text.url, "http://localhost/v1/chat/completions");
  EXPECT_EQ(text.body, *endpoint.form->prefix() + "\"hello\"" + *endpoint.form->suffix());
  EXPECT_THAT(text.headers, testing::Contains(testing::Pair("authorization", "Bearer ***")));
}

TEST(RequestText, ShowsTheBeginningOfAFileAndItsSize) {
  provider::EndpointSpec spec;
  spec.base_url = "http://localhost/v1";
  spec.model = "m";
  provider::PromptFrame frame;
  frame.files = true;
  const std::string data(4'000'000, 'A');
  const RequestText text = request_text(
      spec, dispatch::make_endpoint(spec, frame),
      request_of(provider::write_user_content({{.media = "image/png", .data = data}}, "hello")));
  EXPECT_THAT(text.body, testing::HasSubstr("data:image/png;base64,AAAA"));
  EXPECT_THAT(text.body, testing::HasSubstr("… (3000 kB)"));
  EXPECT_LT(text.body.size(), 400u);
}

TEST(RequestText, AShortKeyIsMaskedInItsHeaderAndLeftInTexts) {
  provider::EndpointSpec spec;
  spec.base_url = "http://localhost/v1";
  spec.model = "m";
  spec.key = core::Secret("x");
  const dispatch::Endpoint endpoint = dispatch::make_endpoint(spec, {});
  const RequestText text = request_text(spec, endpoint, request_of("\"x\""));
  EXPECT_THAT(text.headers, testing::Contains(testing::Pair("authorization", "Bearer ***")));
  EXPECT_EQ(masked("x is a letter", spec.key), "x is a letter");
  EXPECT_EQ(masked("key secret-key, again secret-key", core::Secret("secret-key")),
            "key ***, again ***");
}

TEST(RequestText, ARowIsNamedByItsKeyAsJson) {
  core::Row row;
  row.raw = R"({"a":1})";
  EXPECT_EQ(row_name_of(row), R"({"a":1})");
  EXPECT_EQ(json_name(row_name_of(row)), R"("{\"a\":1}")");
  row.key_json = "\"T-1\"";
  EXPECT_EQ(json_name(row_name_of(row)), "\"T-1\"");
  EXPECT_EQ(json_name("17"), "17");
  EXPECT_EQ(json_name("not json"), "\"not json\"");
}

}  // namespace
}  // namespace sluice::inspect
