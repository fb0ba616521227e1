#include "app/event_channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "event/canonical.h"

namespace mailvigil::app {
namespace {

class EventChannelTest : public ::testing::Test {
  protected:
    EventChannelTest() {
        ChannelEnds ends = make_channel().value();
        raw_ = ends.sender.number();
        sender_.emplace(std::move(ends.sender));
        receiver_.emplace(std::move(ends.receiver));
    }

    static void add(EventBatch& batch, std::string_view path) {
        Event& event = batch.add(EventClass::file_open, Timestamp(std::chrono::seconds(7)));
        event.set_file_path(batch.arena().copy(path));
        event.set_process_pid(4711);
    }

    /// The paths of all events until the channel's end; or the error.
    std::string drain() {
        std::string out;
        EventBatch batch;
        for (;;) {
            const auto next = receiver_->receive(batch);
            if (!next) {
                return out + "! " + next.error().message;
            }
            if (*next == EventReceiver::Next::end) {
                return out;
            }
            for (const Event& event : batch.events()) {
                EXPECT_EQ(event.process_pid(), 4711U);
                out += std::string(event.file_path()) + "\n";
            }
            batch.clear();
        }
    }

    void put(std::string_view bytes) {
        ASSERT_EQ(::send(raw_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }

    int raw_ = -1;
    std::optional<EventSender> sender_;
    std::optional<EventReceiver> receiver_;
};

TEST_F(EventChannelTest, hands_events_over_in_order) {
    EventBatch batch;
    add(batch, "/var/mail/alice");
    add(batch, "/var/mail/\xFF\x01 \"x");
    ASSERT_TRUE(sender_->send(batch));
    sender_.reset();
    EXPECT_EQ(drain(), "/var/mail/alice\n/var/mail/\xFF\x01 \"x\n");
}

TEST_F(EventChannelTest, waits_for_a_slow_reader_and_loses_nothing) {
    constexpr int kBatches = 400;
    const std::string path(4000, 'x');
    std::thread writer([&] {
        EventBatch batch;
        for (int i = 0; i < kBatches; ++i) {
            batch.clear();
            while (!batch.full()) {
                add(batch, path);
            }
            ASSERT_TRUE(sender_->send(batch));
        }
        sender_.reset();
    });
    EXPECT_EQ(drain().size(), kBatches * EventBatch::kEventsMax * (path.size() + 1));
    writer.join();
}

TEST_F(EventChannelTest, leaves_a_cut_off_event_out) {
    EventBatch batch;
    add(batch, "/var/mail/alice");
    ASSERT_TRUE(sender_->send(batch));
    put(std::string_view("\x40\0\0\0{\"@time", 12));
    sender_.reset();
    EXPECT_EQ(drain(), "/var/mail/alice\n");
}

TEST_F(EventChannelTest, refuses_what_is_too_long) {
    put(std::string_view("\x01\0\x10\0", 4));
    EXPECT_EQ(drain(), "! the sensors sent an event of 1048577 bytes");
}

TEST_F(EventChannelTest, refuses_what_is_no_event) {
    put(std::string_view("\x02\0\0\0{}", 6));
    EXPECT_EQ(drain().substr(0, 2), "! ");
}

TEST_F(EventChannelTest, leaves_an_event_out_that_no_reader_would_take) {
    EventBatch batch;
    add(batch, std::string(kChannelEventBytesMax, 'x'));
    add(batch, "/var/mail/bob");
    ASSERT_TRUE(sender_->send(batch));
    EXPECT_EQ(sender_->refused(), 1U);
    sender_.reset();
    EXPECT_EQ(drain(), "/var/mail/bob\n");
}

TEST_F(EventChannelTest, says_that_the_reader_is_gone) {
    receiver_.reset();
    EventBatch batch;
    add(batch, "/var/mail/alice");
    EXPECT_FALSE(sender_->send(batch));
}

}  // namespace
}  // namespace mailvigil::app
