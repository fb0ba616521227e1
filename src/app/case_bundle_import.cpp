// Verification of a case bundle by itself: sums, proofs, signatures.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "app/case_bundle.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "event/canonical.h"
#include "evidence/checkpoint.h"

namespace mailvigil::app {

namespace {

constexpr std::string_view kRecordStart = "{\"record\":";
constexpr std::string_view kLeafStart = ",\"leaf\":";

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines.push_back(line);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return lines;
}

class Import {
  public:
    Import(evidence::Disk& disk, const std::string& path) : disk_(disk), path_(path) {}

    Result<BundleReport> run(const std::optional<evidence::VerifierKey>& log_key) {
        sums_ = TRY(disk_.read(path_ + "/sha256sums"));
        const std::string records = TRY(disk_.read(path_ + "/records.ndjson"));
        check_sums();
        read_records(records);
        report_.log_key = log_key ? log_key : own_log_key();
        if (!report_.log_key) {
            damage("records.ndjson", "there is no genesis record that names the ledger's keys");
        }
        for (BundleRecord& record : report_.records) {
            check_proof(record);
        }
        return std::move(report_);
    }

  private:
    void damage(std::string_view where, std::string_view what) {
        report_.damages.push_back(fmt::format("{}: {}", where, what));
    }

    void check_sums() {
        constexpr std::size_t kDigits = 64;
        std::set<std::string, std::less<>> named;
        for (const std::string_view line : lines_of(sums_)) {
            const std::string name(line.size() > kDigits + 2 ? line.substr(kDigits + 2) : "");
            // A sum is of a file of this folder, whatever the list says.
            if (name.empty() || name.starts_with('/') || name.contains("..")) {
                damage("sha256sums", "a line is no sum of a file of this bundle");
                continue;
            }
            named.insert(name);
            const auto content = disk_.read(fmt::format("{}/{}", path_, name));
            if (!content) {
                damage(name, "it is listed in sha256sums, and not there");
            } else if (render_hex(as_text(sha256(*content))) != line.substr(0, kDigits)) {
                damage(name, "its SHA-256 is not the one in sha256sums");
            }
        }
        for (const std::string_view name : {"records.ndjson", "report.html", "README"}) {
            if (!named.contains(name)) {
                damage(name, "it is not listed in sha256sums");
            }
        }
    }

    void read_records(std::string_view text) {
        std::size_t number = 0;
        for (const std::string_view line : lines_of(text)) {
            ++number;
            auto record = parse_bundle_line(line);
            if (record) {
                report_.records.push_back(std::move(*record));
            } else {
                damage(fmt::format("records.ndjson:{}", number), record.error().message);
            }
        }
    }

    std::optional<evidence::VerifierKey> own_log_key() {
        if (report_.records.empty() || report_.records.front().leaf != 0) {
            return {};
        }
        EventBatch batch;
        if (!decode_canonical(report_.records.front().bytes, batch)) {
            return {};
        }
        const auto key = evidence::parse_vkey(batch.events().front().ledger_log_vkey());
        return key ? std::optional(*key) : std::nullopt;
    }

    void check_proof(BundleRecord& record) {
        const std::string name = fmt::format("proofs/{}.tlog-proof", record.leaf);
        if (!disk_.exists(fmt::format("{}/{}", path_, name))) {
            // What was not sealed yet has none; one that was taken away is missed by sha256sums.
            return;
        }
        const auto text = disk_.read(fmt::format("{}/{}", path_, name));
        const auto proof = text ? evidence::parse_proof(*text)
                                : Result<evidence::LeafProof>(std::unexpected(text.error()));
        if (!proof) {
            return damage(name, proof.error().message);
        }
        if (proof->index != record.leaf || proof->extra != record.bytes) {
            return damage(name, "it proves another record than the one in records.ndjson");
        }
        if (!evidence::verify_inclusion(evidence::leaf_hash(record.bytes),
                                        record.leaf,
                                        proof->path,
                                        proof->checkpoint.head)) {
            return damage(name, "the record and its path do not lead to the checkpoint's root");
        }
        if (!report_.log_key || evidence::check(proof->checkpoint.note, *report_.log_key) !=
                                    evidence::SignatureCheck::valid) {
            return damage(name, "its checkpoint is not signed by the ledger's log key");
        }
        if (proof->checkpoint.origin != report_.log_key->name) {
            return damage(name, "its checkpoint is of another ledger");
        }
        record.proved = true;
        ++report_.proved;
        report_.origin = proof->checkpoint.origin;
        report_.size = std::max(report_.size, proof->checkpoint.head.size);
    }

    evidence::Disk& disk_;
    const std::string& path_;
    std::string sums_;
    BundleReport report_;
};

}  // namespace

Result<BundleRecord> parse_bundle_line(std::string_view line) {
    BundleRecord record;
    const auto broken = [] {
        return fail(ErrorCode::malformed, "a line is not {\"record\":NUMBER,\"leaf\":LEAF}");
    };
    if (!line.starts_with(kRecordStart) || !line.ends_with('}')) {
        return broken();
    }
    line.remove_prefix(kRecordStart.size());
    line.remove_suffix(1);
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), record.leaf);
    if (error != std::errc{}) {
        return broken();
    }
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.starts_with(kLeafStart)) {
        return broken();
    }
    record.bytes = line.substr(kLeafStart.size());
    return record;
}

Result<BundleReport> import_bundle(evidence::Disk& disk,
                                   const std::string& path,
                                   const std::optional<evidence::VerifierKey>& log_key) {
    return Import(disk, path).run(log_key);
}

}  // namespace mailvigil::app
