// A case is handed over, and each thing that somebody may do to it on the way.
#include "app/case_bundle.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "base/sha256.h"
#include "evidence/ledger.h"
#include "output/moment.h"

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

/// Lines of a text, each with its newline.
std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        lines.emplace_back(text.substr(0, text.find('\n') + 1));
        text.remove_prefix(lines.back().size());
    }
    return lines;
}

class CaseBundleTest : public ::testing::Test {
  protected:
    CaseBundleTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-bundle-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = fs::canonical(name);
    }

    ~CaseBundleTest() override { fs::remove_all(folder_); }

    void SetUp() override {
        evidence::LedgerOptions options;
        options.background_sealing = false;
        auto ledger = evidence::Ledger::open(disk_, ledger_path(), options, kNoon);
        ASSERT_TRUE(ledger);
        first_ = (*ledger)->epoch_key();
        log_ = (*ledger)->log_key();
        // The keys of three days; then what no checkpoint covers.
        for (int day = 0; day < 3; ++day) {
            append(**ledger, kNoon + std::chrono::days(day));
            ASSERT_TRUE((*ledger)->seal(kNoon + std::chrono::days(day)));
        }
        append(**ledger, kNoon + std::chrono::days(2));
        ASSERT_TRUE((*ledger)->commit());
        auto folder = EvidenceFolder::open(disk_, ledger_path());
        ASSERT_TRUE(folder);
        const auto summary = export_bundle(
            disk_, *folder, {.incident = {}, .span = {}, .to = bundle().string(), .now = kNoon});
        ASSERT_TRUE(summary) << summary.error().message;
        EXPECT_EQ(summary->records - summary->proofs, 4U);
        EXPECT_EQ(std::ranges::distance(fs::directory_iterator(bundle() / "keys"),
                                        fs::directory_iterator()),
                  3);
    }

    static void append(evidence::Ledger& ledger, Timestamp now) {
        for (int i = 0; i < 4; ++i) {
            Event event;
            event.reset(EventClass::access, now);
            event.set_access_mailbox("alice");
            event.set_finding_accesses(static_cast<std::uint64_t>(i));
            ASSERT_TRUE(ledger.append(event, now));
        }
    }

    [[nodiscard]] std::string ledger_path() const { return (folder_ / "ledger").string(); }

    [[nodiscard]] fs::path bundle() const { return folder_ / "case"; }

    /// Whoever alters a bundle makes its sums true again.
    void mend_sums() const {
        std::string sums;
        for (const auto& entry : fs::recursive_directory_iterator(bundle())) {
            const std::string name = fs::relative(entry.path(), bundle()).string();
            if (entry.is_regular_file() && name != "sha256sums") {
                sums += render_hex(as_text(sha256(read_text(entry.path())))) + "  " + name + "\n";
            }
        }
        write_text(bundle() / "sha256sums", sums);
    }

    BundleReport import(const std::optional<evidence::VerifierKey>& key) {
        auto report = import_bundle(disk_, bundle().string(), key);
        EXPECT_TRUE(report);
        return report ? std::move(*report) : BundleReport{};
    }

    /// The one damage that a bundle has after it was altered and its sums were mended.
    std::string damage_of_altered() {
        mend_sums();
        const BundleReport report = import(first_);
        EXPECT_EQ(report.damages.size(), 1U);
        return report.good() ? "" : report.damages.front();
    }

    /// The lines of records.ndjson through `alter`.
    void alter_records(const std::function<void(std::vector<std::string>&)>& alter) const {
        const fs::path path = bundle() / "records.ndjson";
        std::vector<std::string> lines = lines_of(read_text(path));
        alter(lines);
        std::string text;
        for (const std::string& line : lines) {
            text += line;
        }
        write_text(path, text);
    }

    evidence::Disk& disk_ = evidence::posix_disk();
    fs::path folder_;
    std::optional<evidence::VerifierKey> first_;
    std::optional<evidence::VerifierKey> log_;
};

TEST_F(CaseBundleTest, is_good_with_the_first_epoch_key_and_by_itself) {
    const BundleReport report = import(first_);
    EXPECT_TRUE(report.good()) << report.damages.front();
    EXPECT_EQ(report.unsealed.size(), 4U);
    EXPECT_EQ(report.proved + 4, report.records.size());
    EXPECT_TRUE(report.page_agrees);
    EXPECT_TRUE(import({}).good());
    mend_sums();
    EXPECT_TRUE(import(first_).good());
}

TEST_F(CaseBundleTest, refuses_other_keys) {
    auto other = *first_;
    other.public_key[3] ^= 1;
    const BundleReport report = import(other);
    EXPECT_EQ(report.proved, 0U);
    ASSERT_EQ(report.damages.size(), 1U);
    EXPECT_TRUE(report.damages.front().contains("does not begin with the key"));
    const BundleReport by_log_key = import(log_);
    ASSERT_EQ(by_log_key.damages.size(), 1U);
    EXPECT_TRUE(by_log_key.damages.front().contains("log key"));
}

TEST_F(CaseBundleTest, names_an_altered_record) {
    alter_records([](std::vector<std::string>& lines) {
        lines[3].replace(lines[3].find("alice"), 5, "malik");
    });
    EXPECT_TRUE(damage_of_altered().contains("another record"));
}

TEST_F(CaseBundleTest, names_a_removed_record) {
    alter_records([](std::vector<std::string>& lines) { lines.erase(lines.begin() + 3); });
    mend_sums();
    const BundleReport report = import(first_);
    ASSERT_EQ(report.damages.size(), 2U);
    EXPECT_TRUE(report.damages[0].contains("the file bundle says otherwise"));
    EXPECT_TRUE(report.damages[1].contains("has no sealed record"));
}

TEST_F(CaseBundleTest, names_a_record_that_was_removed_with_its_proof) {
    std::string line;
    alter_records([&](std::vector<std::string>& lines) {
        line = lines[3];
        lines.erase(lines.begin() + 3);
    });
    const auto record = parse_bundle_line(line.substr(0, line.size() - 1));
    ASSERT_TRUE(record);
    fs::remove(bundle() / "proofs" / (std::to_string(record->leaf) + ".tlog-proof"));
    EXPECT_TRUE(damage_of_altered().contains("the file bundle says otherwise"));
}

TEST_F(CaseBundleTest, names_a_removed_proof) {
    fs::remove(bundle() / "proofs" / "1.tlog-proof");
    EXPECT_TRUE(damage_of_altered().contains("nothing proves record 1"));
}

TEST_F(CaseBundleTest, names_swapped_proofs) {
    const fs::path one = bundle() / "proofs" / "1.tlog-proof";
    const fs::path two = bundle() / "proofs" / "2.tlog-proof";
    fs::rename(one, bundle() / "aside");
    fs::rename(two, one);
    fs::rename(bundle() / "aside", two);
    mend_sums();
    const BundleReport report = import(first_);
    ASSERT_EQ(report.damages.size(), 2U);
    EXPECT_TRUE(report.damages[0].contains("another record"));
    EXPECT_TRUE(report.damages[1].contains("another record"));
}

TEST_F(CaseBundleTest, takes_no_sealed_record_for_one_that_is_not_sealed_yet) {
    alter_records([&](std::vector<std::string>& lines) {
        const auto record = parse_bundle_line(lines[3].substr(0, lines[3].size() - 1));
        ASSERT_TRUE(record);
        fs::remove(bundle() / "proofs" / (std::to_string(record->leaf) + ".tlog-proof"));
        lines[3].replace(lines[3].find(",\"leaf\""), 0, ",\"sealed\":false");
        write_text(bundle() / "bundle", render_bundle_counts(lines.size(), 5));
    });
    EXPECT_TRUE(damage_of_altered().contains("covers it"));
}

TEST_F(CaseBundleTest, names_a_missing_link_of_the_chain_of_keys) {
    std::vector<fs::path> links;
    for (const auto& entry : fs::directory_iterator(bundle() / "keys")) {
        links.push_back(entry.path());
    }
    std::ranges::sort(links);
    fs::remove(links[1]);
    mend_sums();
    const BundleReport report = import(first_);
    EXPECT_FALSE(report.good());
    EXPECT_EQ(report.proved, 0U);
}

TEST_F(CaseBundleTest, says_that_a_page_with_a_mended_sum_is_not_what_the_records_say) {
    const fs::path page = bundle() / "report.html";
    std::string text = read_text(page);
    text.replace(text.find("alice"), 5, "malik");
    write_text(page, text);
    mend_sums();
    const BundleReport report = import(first_);
    EXPECT_TRUE(report.good());
    EXPECT_FALSE(report.page_agrees);
    fs::remove(page);
    EXPECT_FALSE(import(first_).page_agrees);
}

TEST_F(CaseBundleTest, the_page_names_the_records_that_nothing_proves) {
    const std::string page = read_text(bundle() / "report.html");
    const auto numbers = output::render_ranges(import(first_).unsealed);
    EXPECT_NE(page.find("What weakens this"), std::string::npos);
    EXPECT_NE(page.find(numbers), std::string::npos) << numbers;
}

TEST_F(CaseBundleTest, names_a_file_that_is_not_what_its_sum_says) {
    write_text(bundle() / "report.html", "nothing happened");
    const BundleReport report = import(first_);
    ASSERT_EQ(report.damages.size(), 1U);
    EXPECT_TRUE(report.damages.front().starts_with("report.html: "));
}

}  // namespace
}  // namespace mailvigil::app
