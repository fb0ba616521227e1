// Every sink by its cases, testdata/sink/SINK/*.case. `event` is an event's canonical text;
// `expect` what the receiver gets for it as record 7. Lengths before the journal's datagrams are
// left out.
#include <gtest/gtest.h>

#include <algorithm>

#include "event/canonical.h"
#include "output/sink/roster.h"
#include "testing/case_file.h"

namespace mailvigil::output {
namespace {

using testing::CaseFile;
using testing::check;

void check_case(CaseFile& case_file, std::string_view name, std::size_t prefix_bytes) {
    std::string_view text = case_file.section("event");
    text.remove_suffix(1);
    EventBatch batch;
    const auto decoded = decode_canonical(text, batch);
    ASSERT_TRUE(decoded) << decoded.error().message;
    const Sink* const sink = *std::ranges::find(sink::roster(), name, &Sink::name);
    std::string out;
    sink->render(batch.events().front(), 7, out);
    check(case_file, "expect", out.substr(prefix_bytes));
}

CASE_TEST(FileSinkCases, "testdata/sink/file") {
    check_case(case_file, "file", 0);
}

CASE_TEST(JournalSinkCases, "testdata/sink/journal") {
    check_case(case_file, "journal", 4);
}

}  // namespace
}  // namespace mailvigil::output
