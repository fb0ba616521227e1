#include "event/canonical.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mailvigil {

namespace {

std::string render(const Event& event) {
    std::string text;
    render_canonical(event, text);
    return text;
}

TEST(canonical, an_event_round_trips) {
    Event event;
    event.reset(EventClass::access, Timestamp(std::chrono::nanoseconds(1'795'400'047'120'000'000)));
    event.set_process_pid(4711);
    event.set_process_executable("/usr/bin/cat");
    event.set_message("a \"quoted\"\tline\x01\x7f \xe2\x80\xa8");
    event.set_user_name("b\xff");
    const std::string text = render(event);
    EXPECT_EQ(text,
              "{\"@timestamp\":\"2026-11-23T02:14:07.120000000Z\",\"mailvigil.class\":\"access\","
              "\"message\":\"a \\\"quoted\\\"\\tline\\u0001\x7f \xe2\x80\xa8\","
              "\"process.executable\":\"/usr/bin/cat\",\"process.pid\":4711,"
              "\"user.name#base64\":\"Yv8=\"}");
    const auto batch = std::make_unique<EventBatch>();
    const auto decoded = decode_canonical(text, *batch);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(render(batch->events()[0]), text);
}

}  // namespace

}  // namespace mailvigil
