#include "output/report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mailvigil::output {
namespace {

Report report_of(const std::string& text) {
    return {.title = text,
            .subtitle = text,
            .sections = {{.heading = text,
                          .paragraphs = {text},
                          .facts = {{text, text}},
                          .columns = {text, "b"},
                          .rows = {{text, "c"}},
                          .commands = {text}}}};
}

TEST(ReportTest, every_part_is_on_the_page) {
    const std::string page = render_html(report_of("incident 17"));
    EXPECT_NE(page.find("<title>incident 17</title>"), std::string::npos);
    EXPECT_NE(page.find("<h2>incident 17</h2>"), std::string::npos);
    EXPECT_NE(page.find("<dt>incident 17</dt><dd>incident 17</dd>"), std::string::npos);
    EXPECT_NE(page.find("<td>incident 17</td><td>c</td>"), std::string::npos);
    EXPECT_NE(page.find("<pre>incident 17</pre>"), std::string::npos);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
}

TEST(ReportTest, hostile_texts_stay_texts) {
    const std::string page =
        render_html(report_of("<script>alert(1)</script>\"'&\x1b[2J\xff\xe2\x80\xae{0}"));
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_EQ(page.find('\xff'), std::string::npos);
    EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x1b[2J\\xff"),
              std::string::npos);
}

TEST(ReportTest, nothing_is_fetched) {
    const std::string page = render_html(report_of("x"));
    for (const std::string_view word :
         {"http://", "https://", "src=", "url(", "<script", "<link"}) {
        EXPECT_EQ(page.find(word), std::string::npos) << word;
    }
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

}  // namespace
}  // namespace mailvigil::output
