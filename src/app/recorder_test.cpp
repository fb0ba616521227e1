// A recording through the belt into a ledger, and what comes back out of it; and the days on which
// the disk or the folder does not want it.
#include "app/recorder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/configuration.h"
#include "app/content_reader.h"
#include "app/knowledge.h"
#include "app/replay.h"
#include "app/shortening.h"
#include "app/source_files.h"
#include "base/base64.h"
#include "event/canonical.h"
#include "event/event_batch.h"

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;

const detect::Knowledge& knowledge() {
    static const detect::Knowledge shipped = [] {
        Diagnostics diagnostics;
        Configuration configuration;
        configuration.data = "/nonexistent";
        return load_knowledge(configuration, diagnostics);
    }();
    return shipped;
}

class RecorderTest : public ::testing::Test {
  protected:
    RecorderTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-recorder-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = fs::canonical(name);
    }

    ~RecorderTest() override {
        fs::permissions(folder_, fs::perms::owner_all);
        fs::remove_all(folder_);
    }

    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }

    std::string write(const std::string& name, std::string_view text) {
        fs::create_directories(fs::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

    RecorderOptions with(const std::string& ledger) {
        RecorderOptions options;
        options.folder = path(ledger);
        options.host = "mx1";
        options.clock = [this] { return now_ += std::chrono::milliseconds(1); };
        options.say = [this](std::string_view message) { said_.emplace_back(message); };
        return options;
    }

    std::unique_ptr<Recorder> open(const std::string& ledger,
                                   evidence::Disk& disk = evidence::posix_disk()) {
        auto recorder = Recorder::open(disk, with(ledger));
        EXPECT_TRUE(recorder) << (recorder ? "" : recorder.error().message);
        return recorder ? std::move(*recorder) : nullptr;
    }

    /// All leaves, or only those of a class.
    std::vector<std::string> leaves(const std::string& ledger, std::string_view of = {}) {
        std::vector<std::string> found;
        auto reader = evidence::LedgerReader::open(evidence::posix_disk(), path(ledger));
        EXPECT_TRUE(reader);
        const auto read = (*reader)->read(0, UINT64_MAX, [&](std::uint64_t, std::string_view leaf) {
            const std::string name = "\"mailvigil.class\":\"" + std::string(of) + "\"";
            if (of.empty() || leaf.contains(name)) {
                found.emplace_back(leaf);
            }
            return true;
        });
        EXPECT_TRUE(read);
        return found;
    }

    static std::string log_of(const std::string& recording) {
        return MAILVIGIL_SOURCE_DIR "/tests/recordings/" + recording + "/audit.log.zst";
    }

    /// The recording into the ledger; what was shown of it, by class.
    std::map<EventClass, std::size_t> record(
        const std::string& ledger, const std::string& recording = "tar_then_curl_other_session") {
        const std::string log = log_of(recording);
        std::map<EventClass, std::size_t> shown;
        const auto recorder = open(ledger);
        EXPECT_TRUE(begin_sources({log}, Repetition::refuse, *recorder));
        ReplayOptions options;
        options.files = {log};
        options.belt.explain = true;
        options.belt.host = "mx1";
        options.belt.first_incident = recorder->next_incident().value();
        ReplayHooks hooks;
        hooks.belt.finding = [&](const Event& event) { ++shown[event.event_class]; };
        hooks.belt.record = [&](const Event& event) { recorder->record(event); };
        hooks.source = [&](const SourceRead& read) { finish_source(read, *recorder); };
        hooks.tend = [&] { recorder->tend(); };
        Diagnostics diagnostics;
        replay(options, knowledge(), hooks, diagnostics);
        EXPECT_TRUE(recorder->close());
        EXPECT_EQ(recorder->lost(), 0U);
        return shown;
    }

    fs::path folder_;
    Timestamp now_ = parse_timestamp("2026-11-24T00:00:00Z").value();
    std::vector<std::string> said_;
};

TEST_F(RecorderTest, a_ledger_holds_what_explain_tells) {
    const auto shown = record("ledger");
    EXPECT_EQ(leaves("ledger", "access").size(), shown.at(EventClass::access));
    EXPECT_EQ(leaves("ledger", "finding").size(), shown.at(EventClass::finding));
    EXPECT_FALSE(leaves("ledger", "process_start").empty());
    for (const std::string& leaf : leaves("ledger")) {
        EventBatch batch;
        ASSERT_TRUE(decode_canonical(leaf, batch)) << leaf;
        std::string again;
        render_canonical(batch.events().front(), again);
        EXPECT_EQ(again, leaf);
    }
}

TEST_F(RecorderTest, the_same_log_gives_the_same_leaves) {
    record("one");
    record("two");
    for (const std::string_view of : {"access", "finding", "process_start", "gap"}) {
        EXPECT_EQ(leaves("one", of), leaves("two", of));
    }
}

TEST_F(RecorderTest, an_access_takes_little_room) {
    record("ledger", "day");
    const auto accesses = leaves("ledger", "access");
    std::size_t bytes = 0;
    for (const std::string& leaf : accesses) {
        EXPECT_FALSE(leaf.contains("mailvigil.store.format"));
        bytes += leaf.size();
    }
    ASSERT_FALSE(accesses.empty());
    EXPECT_LE(bytes / accesses.size(), 600U);
}

TEST_F(RecorderTest, a_log_is_read_into_a_ledger_once) {
    const std::string log = write("audit.log", "a line\n");
    const std::string copy = write("audit.log.1", "a line\n");
    const SourceRead read{.path = log, .sha256 = sha256("a line\n"), .bytes = 7};
    const auto first = open("ledger");
    EXPECT_EQ(begin_sources({log}, Repetition::refuse, *first)->size(), 0U);
    finish_source(read, *first);
    ASSERT_TRUE(first->close());
    const auto second = open("ledger");
    const auto refused = begin_sources({copy}, Repetition::refuse, *second);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("audit.log.1 is in the ledger already (record 2)"),
              std::string::npos)
        << refused.error().message;
    EXPECT_EQ(begin_sources({copy}, Repetition::allow, *second)->size(), 0U);
    EXPECT_EQ(begin_sources({log}, Repetition::allow, *second)->size(), 0U);
}

TEST_F(RecorderTest, a_log_that_was_not_read_to_its_end_may_be_read_again_and_that_is_told) {
    const std::string log = write("audit.log", "a line\n");
    const auto first = open("ledger");
    ASSERT_TRUE(begin_sources({log}, Repetition::refuse, *first));
    ASSERT_TRUE(first->close());
    const auto second = open("ledger");
    const auto warned = begin_sources({log}, Repetition::refuse, *second);
    ASSERT_TRUE(warned);
    ASSERT_EQ(warned->size(), 1U);
    EXPECT_NE(warned->front().find("not finished (record 1)"), std::string::npos)
        << warned->front();
    write("audit.log", "another line\n");
    EXPECT_EQ(begin_sources({log}, Repetition::refuse, *second)->size(), 0U);
}

TEST_F(RecorderTest, a_source_is_what_was_really_read) {
    record("ledger");
    const auto sources = leaves("ledger", "ledger");
    const auto source = std::ranges::find_if(sources, [](const std::string& leaf) {
        return leaf.contains(R"("event.action":"source")");
    });
    ASSERT_NE(source, sources.end());
    EventBatch batch;
    ASSERT_TRUE(decode_canonical(*source, batch));
    const Event& event = batch.events().front();
    std::ifstream file(log_of("tar_then_curl_other_session"), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(event.file_size(), bytes.size());
    EXPECT_EQ(event.file_hash_sha256(), render_hex(as_text(sha256(bytes))));
    EXPECT_LT(event.finding_start(), event.finding_end());
    EXPECT_EQ(render_utc(event.finding_start()).substr(0, 10), "2026-11-23");
}

TEST_F(RecorderTest, incidents_of_a_ledger_are_numbered_through) {
    record("ledger");
    const auto recorder = open("ledger");
    const std::size_t incidents = recorder->next_incident().value();
    EXPECT_GT(incidents, 1U);
}

TEST_F(RecorderTest, a_folder_that_takes_nothing_is_told_with_its_name) {
    if (::geteuid() == 0) {
        // Root may write anywhere but below a file.
        write("file", "");
        const auto refused = Recorder::open(evidence::posix_disk(), with("file/ledger"));
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("file/ledger"), std::string::npos);
        return;
    }
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
    const auto refused = Recorder::open(evidence::posix_disk(), with("ledger"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(path("ledger")), std::string::npos);
}

TEST_F(RecorderTest, without_an_index_evidence_goes_on) {
    std::vector<std::string> said;
    RecorderOptions options;
    options.folder = path("ledger");
    options.say = [&](std::string_view text) { said.emplace_back(text); };
    const auto record = [&] {
        auto recorder = Recorder::open(evidence::posix_disk(), options);
        ASSERT_TRUE(recorder) << recorder.error().message;
        EXPECT_EQ((*recorder)->next_incident().value_or(0), said.empty() ? 1U : 8U);
        Event finding;
        finding.reset(EventClass::finding, (*recorder)->now());
        finding.set_finding_incident(7);
        (*recorder)->record(finding);
        (*recorder)->commit();
        EXPECT_FALSE((*recorder)->find_source("00").value_or(0));
        EXPECT_TRUE((*recorder)->close());
    };
    record();
    EXPECT_TRUE(said.empty());
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        fs::remove(options.folder + "/index.sqlite" + suffix);
    }
    fs::create_directory(options.folder + "/index.sqlite");
    fs::create_directory(options.folder + "/index.sqlite/in the way");
    said.emplace_back("the index is gone");
    record();
    ASSERT_EQ(said.size(), 2U);
    EXPECT_TRUE(said.back().contains("the index is left behind"));
}

TEST_F(RecorderTest, two_writers_are_refused) {
    const auto first = open("ledger");
    EXPECT_FALSE(Recorder::open(evidence::posix_disk(), with("ledger")));
}

/// A disk that is full for a while.
class FullDisk final : public evidence::Disk {
  public:
    bool full = false;

    Result<std::unique_ptr<evidence::AppendFile>> open_append(const std::string& path) override {
        auto file = real_.open_append(path);
        if (!file) {
            return std::unexpected(file.error());
        }
        return std::make_unique<File>(std::move(*file), full);
    }

    Result<std::string> read(const std::string& path) override { return real_.read(path); }

    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::uint64_t size) override {
        return real_.read(path, offset, size);
    }

    Result<std::uint64_t> size(const std::string& path) override { return real_.size(path); }

    bool exists(const std::string& path) override { return real_.exists(path); }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return real_.rename(from, to);
    }

    Result<void> remove(const std::string& path) override { return real_.remove(path); }

    Result<void> erase(const std::string& path) override { return real_.erase(path); }

    Result<void> make_folder(const std::string& path) override { return real_.make_folder(path); }

    Result<void> sync_folder(const std::string& path) override { return real_.sync_folder(path); }

    Result<std::vector<std::string>> list(const std::string& path) override {
        return real_.list(path);
    }

    Result<std::unique_ptr<evidence::AppendFile>> lock(const std::string& path) override {
        return real_.lock(path);
    }

  private:
    class File final : public evidence::AppendFile {
      public:
        File(std::unique_ptr<evidence::AppendFile> file, const bool& full)
            : file_(std::move(file)), full_(full) {}

        Result<void> append(std::string_view bytes) override {
            return full_ ? fail(ErrorCode::unwritable, "No space left on device")
                         : file_->append(bytes);
        }

        Result<void> sync() override { return file_->sync(); }

        Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }

      private:
        std::unique_ptr<evidence::AppendFile> file_;
        const bool& full_;
    };

    evidence::Disk& real_ = evidence::posix_disk();
};

TEST_F(RecorderTest, a_full_disk_is_told_once_and_nothing_is_lost) {
    FullDisk disk;
    const auto recorder = open("ledger", disk);
    disk.full = true;
    for (int i = 0; i < 3; ++i) {
        Event event;
        event.reset(EventClass::access, now_);
        event.set_access_mailbox("bob");
        recorder->record(event);
        recorder->commit();
    }
    ASSERT_EQ(said_.size(), 1U);
    EXPECT_NE(said_[0].find("No space left on device"), std::string::npos) << said_[0];
    EXPECT_NE(said_[0].find("detection goes on"), std::string::npos) << said_[0];
    disk.full = false;
    recorder->commit();
    ASSERT_EQ(said_.size(), 2U);
    EXPECT_EQ(said_[1], "evidence is written again; nothing was lost");
    EXPECT_TRUE(recorder->close());
    EXPECT_EQ(leaves("ledger", "access").size(), 3U);
}

TEST_F(RecorderTest, what_is_too_large_for_a_leaf_loses_the_end_of_its_list) {
    const std::vector<std::string> texts(10'000, "somebody@mail.example");
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto recorder = open("ledger");
    Event event;
    event.reset(EventClass::finding, now_);
    event.set_finding_mailboxes(views);
    recorder->record(event);
    ASSERT_TRUE(recorder->close());
    const auto kept = leaves("ledger", "finding");
    ASSERT_EQ(kept.size(), 1U);
    EventBatch batch;
    ASSERT_TRUE(decode_canonical(kept[0], batch));
    const auto mailboxes = batch.events().front().finding_mailboxes();
    EXPECT_GT(mailboxes.size(), 1'000U);
    EXPECT_EQ(mailboxes.back(), "and " + std::to_string(10'000 - (mailboxes.size() - 1)) + " more");
}

TEST(ShorteningTest, what_was_taken_away_is_known_by_its_looks) {
    EXPECT_TRUE(is_shortened("and 28 more"));
    EXPECT_TRUE(is_shortened("abc…"));
    EXPECT_FALSE(is_shortened("andrew"));
    EXPECT_FALSE(is_shortened(""));
}

TEST(ShorteningTest, nothing_is_too_large_to_be_kept) {
    for (const std::string& text :
         {std::string(200'000, '\x01'), std::string(200'000, '\xff'), std::string(200'000, 'x')}) {
        const std::string_view list[] = {text};
        Event event;
        event.reset(EventClass::finding, {});
        event.set_finding_title(text);
        event.set_finding_objects(list);
        EXPECT_FALSE(surely_fits(event, evidence::kLeafBytesMax));
        Arena arena;
        shorten(event, evidence::kLeafBytesMax, arena);
        std::string canonical;
        render_canonical(event, canonical);
        EXPECT_LE(canonical.size(), evidence::kLeafBytesMax);
    }
}

TEST_F(RecorderTest, content_is_kept_once_for_each_hash_and_told_for_each_path) {
    const std::string one = write("main.cf", std::string(90'000, 'x'));
    const std::string two = write("copy.cf", std::string(90'000, 'x'));
    const auto recorder = open("ledger");
    const auto see = [&](const std::string& file) {
        return record_content(read_content(file, knowledge().stores).value(), *recorder).value();
    };
    EXPECT_EQ(see(one), ContentState::first);
    EXPECT_EQ(see(one), ContentState::same);
    EXPECT_EQ(see(two), ContentState::first);
    write("main.cf", "changed");
    EXPECT_EQ(see(one), ContentState::changed);
    ASSERT_TRUE(recorder->close());
    // Three parts, one pointer, one changed file.
    EXPECT_EQ(leaves("ledger", "content").size(), 5U);
    const auto later = open("ledger");
    EXPECT_EQ(record_content(read_content(one, knowledge().stores).value(), *later).value(),
              ContentState::same);
}

TEST_F(RecorderTest, mail_pipes_links_and_keys_are_not_read) {
    const auto refused = [&](const std::string& file) {
        const auto content = read_content(file, knowledge().stores);
        return content ? std::string("read") : content.error().message;
    };
    EXPECT_NE(refused("/var/mail/bob").find("it is mail"), std::string::npos);
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_NE(refused(path("pipe")).find("no regular file"), std::string::npos);
    const std::string file = write("main.cf", "relayhost =\n");
    fs::create_symlink(file, path("link"));
    EXPECT_NE(refused(path("link")), "read");
    fs::create_hard_link(file, path("second"));
    EXPECT_NE(refused(file).find("other names"), std::string::npos);
    EXPECT_NE(refused(write("large", std::string(kContentBytesMax + 1, 'x'))), "read");
    const std::string key =
        write("tls.pem", "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n");
    const Content content = read_content(key, knowledge().stores).value();
    EXPECT_TRUE(content.secret);
    EXPECT_TRUE(content.bytes.empty());
    EXPECT_EQ(content.sha256.size(), 64U);
}

}  // namespace
}  // namespace mailvigil::app
