#include "place/xml.h"

#include <gtest/gtest.h>

namespace sluice::place {
namespace {

TEST(Xml, ElementsAreTakenInTheirOrder) {
  std::string_view xml = "<L><Key>no</Key><C a=\"1\"><K>a</K></C><Code/><C><K>b</K></C></L>";
  EXPECT_EQ(take_element(xml, "C"), "<K>a</K>");
  EXPECT_EQ(take_element(xml, "C"), "<K>b</K>");
  EXPECT_EQ(take_element(xml, "C"), std::nullopt);
}

TEST(Xml, EntitiesAreCharacters) {
  EXPECT_EQ(text_of("<K>a&amp;b&lt;&#x20AC;&#65;&nope;&</K>", "K"), "a&b<€A&nope;&");
  EXPECT_EQ(text_of("<K/>", "K"), "");
  EXPECT_EQ(text_of("<Key>x</Key>", "K"), "");
  EXPECT_EQ(text_of("<K>cut", "K"), "");
  EXPECT_EQ(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;\"c\"");
}

}  // namespace
}  // namespace sluice::place
