// Google's objects by the same protocol, and files of this machine.
#include "place/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/place/support.h"
#include "tests/scratch.h"

namespace sluice::place {
namespace {

TEST(Places, GooglesObjectsAreReadListedAndWritten) {
  ObjectServer server;
  server.allow_anybody();
  Settings settings = settings_for(server);
  settings.gcs = {.endpoint = server.url(), .project = {}, .credentials = {}, .anonymous = true};
  Places places(settings, no_environment);
  const std::string text = text_of_size(3500);
  auto file = places.create("gs://rows/out/a.jsonl");
  ASSERT_TRUE(file) << file.error().text();
  ASSERT_TRUE((*file)->write(text));
  ASSERT_TRUE((*file)->finish());
  EXPECT_EQ(places.expand("gs://rows/out/*"), std::vector<std::string>{"gs://rows/out/a.jsonl"});
  EXPECT_EQ(read_all(places, "gs://rows/out/a.jsonl"), text);
}

TEST(Places, AFileOfThisMachineIsOneOfStorage) {
  const Scratch scratch;
  Places places(Settings{}, no_environment);
  auto file = places.create(scratch.path("a.jsonl.gz"));
  ASSERT_TRUE(file) << file.error().text();
  ASSERT_TRUE((*file)->write("{}\n"));
  ASSERT_TRUE((*file)->finish());
  EXPECT_EQ(places.expand(scratch.path("*.gz")), std::vector{scratch.path("a.jsonl.gz")});
  EXPECT_EQ(read_all(places, scratch.path("a.jsonl.gz")), "{}\n");
}

}  // namespace
}  // namespace sluice::place
