// Verification of a case bundle by itself: sums, proofs, signatures.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "app/case_bundle.h"
#include "base/base64.h"
#include "base/lines.h"
#include "base/sha256.h"
#include "evidence/checkpoint.h"
#include "evidence/key_chain.h"

namespace mailvigil::app {

namespace {

constexpr std::string_view kRecordStart = "{\"record\":";
constexpr std::string_view kNotSealed = ",\"sealed\":false";
constexpr std::string_view kLeafStart = ",\"leaf\":";

std::string proof_name(std::uint64_t leaf) {
    return fmt::format("proofs/{}.tlog-proof", leaf);
}

/// The time that a page says it was made at; it stands behind its last "made ".
std::optional<Timestamp> made_at(std::string_view page) {
    constexpr std::string_view kMade = " · made ";
    constexpr std::size_t kTimeColumns = 20;  // 2026-11-23 02:14:07Z
    const std::size_t at = page.find(kMade);
    if (at == std::string_view::npos) {
        return {};
    }
    std::string time(page.substr(at + kMade.size(), kTimeColumns));
    std::ranges::replace(time, ' ', 'T');
    return parse_timestamp(time);
}

class Import {
  public:
    Import(evidence::Disk& disk, const std::string& path) : disk_(disk), path_(path) {}

    Result<BundleReport> run(const std::optional<evidence::VerifierKey>& first_key) {
        sums_ = TRY(disk_.read(path_ + "/sha256sums"));
        const std::string records = TRY(disk_.read(path_ + "/records.ndjson"));
        check_sums();
        read_records(records);
        begin(first_key);
        if (verifier_) {
            check_checkpoint();
            for (BundleRecord& record : report_.records) {
                check_record(record);
            }
            check_unsealed();
        }
        check_counts();
        check_strangers();
        check_page();
        return std::move(report_);
    }

  private:
    void damage(std::string_view where, std::string_view what) {
        report_.damages.push_back(fmt::format("{}: {}", where, what));
    }

    void check_sums() {
        constexpr std::size_t kDigits = 64;
        std::set<std::string, std::less<>> named;
        for (std::string_view rest = sums_; !rest.empty();) {
            const std::string_view line = next_line(rest);
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
        for (const std::string_view name :
             {"records.ndjson", "report.html", "README", "checkpoint", "bundle"}) {
            if (!named.contains(name)) {
                damage(name, "it is not listed in sha256sums");
            }
        }
    }

    void read_records(std::string_view text) {
        std::size_t number = 0;
        while (!text.empty()) {
            const std::string_view line = next_line(text);
            ++number;
            auto record = parse_bundle_line(line);
            const std::string where = fmt::format("records.ndjson:{}", number);
            if (!record) {
                damage(where, record.error().message);
                continue;
            }
            if (!report_.records.empty() && record->leaf <= report_.records.back().leaf) {
                damage(where, "its number is not above that of the record before");
            }
            report_.records.push_back(std::move(*record));
        }
    }

    void begin(const std::optional<evidence::VerifierKey>& first_key) {
        const auto chain = evidence::read_key_chain(disk_, path_ + "/keys");
        if (!chain) {
            return damage("keys", chain.error().message);
        }
        const auto claimed = evidence::claimed_keys(*chain);
        if (!claimed) {
            return damage("keys", claimed.error().message);
        }
        report_.first_key = first_key.value_or(claimed->epoch);
        evidence::ProofVerifier verifier(*chain, *report_.first_key);
        if (const auto begun = verifier.begins(); !begun) {
            return damage("keys",
                          first_key == claimed->log
                              ? "the key that was given is the ledger's log key; what is wanted is "
                                "its first epoch key"
                              : begun.error().message);
        }
        verifier_ = std::move(verifier);
    }

    Result<evidence::Checkpoint> read_checkpoint() {
        const std::string text = TRY(disk_.read(path_ + "/checkpoint"));
        auto checkpoint = TRY(evidence::parse_checkpoint(text));
        TRY(verifier_->verify(checkpoint));
        return checkpoint;
    }

    void check_checkpoint() {
        const auto checkpoint = read_checkpoint();
        if (!checkpoint) {
            return damage("checkpoint", checkpoint.error().message);
        }
        report_.origin = checkpoint->origin;
        report_.size = checkpoint->head.size;
    }

    Result<void> check_proof(const BundleRecord& record, const std::string& name) {
        const std::string path = fmt::format("{}/{}", path_, name);
        if (!disk_.exists(path)) {
            return fail(ErrorCode::malformed,
                        fmt::format("it is missing: nothing proves record {}", record.leaf));
        }
        const std::string text = TRY(disk_.read(path));
        const auto proof = TRY(evidence::parse_proof(text));
        if (proof.index != record.leaf || proof.extra != record.bytes) {
            return fail(ErrorCode::malformed,
                        "it proves another record than the one in records.ndjson");
        }
        TRY(verifier_->verify(proof));
        report_.size = std::max(report_.size, proof.checkpoint.head.size);
        return {};
    }

    void check_record(BundleRecord& record) {
        if (!record.sealed) {
            return;
        }
        const std::string name = proof_name(record.leaf);
        if (const auto proved = check_proof(record, name); !proved) {
            return damage(name, proved.error().message);
        }
        record.proved = true;
        ++report_.proved;
    }

    /// What lies below a signed checkpoint was sealed, whatever its line says.
    void check_unsealed() {
        for (const BundleRecord& record : report_.records) {
            if (!record.sealed && record.leaf < report_.size) {
                damage("records.ndjson",
                       fmt::format("record {} is marked as not sealed yet, but the checkpoint of "
                                   "size {} covers it",
                                   record.leaf,
                                   report_.size));
            }
        }
    }

    void check_counts() {
        for (const BundleRecord& record : report_.records) {
            if (!record.sealed) {
                report_.unsealed.push_back(record.leaf);
            }
        }
        const auto counts = disk_.read(path_ + "/bundle");
        const std::string found =
            render_bundle_counts(report_.records.size(), report_.unsealed.size());
        if (counts && *counts != found) {
            damage("records.ndjson",
                   fmt::format("it has {} records, {} of them not sealed yet, and the file bundle "
                               "says otherwise",
                               report_.records.size(),
                               report_.unsealed.size()));
        }
    }

    /// Proofs of what is not in the bundle.
    void check_strangers() {
        std::set<std::string> proofs;
        for (const BundleRecord& record : report_.records) {
            if (record.sealed) {
                proofs.insert(proof_name(record.leaf));
            }
        }
        const auto names = disk_.list(path_ + "/proofs");
        if (!names) {
            return damage("proofs", names.error().message);
        }
        for (const std::string& name : *names) {
            if (!proofs.contains("proofs/" + name)) {
                damage("proofs/" + name, "records.ndjson has no sealed record for it");
            }
        }
    }

    /// Whoever alters a page makes its sum true again; only the records are proved.
    void check_page() {
        const auto page = disk_.read(path_ + "/report.html");
        const auto made = page ? made_at(*page) : std::nullopt;
        report_.page_agrees = made && output::render_html(bundle_page(
                                          report_.records, report_.origin, *made)) == *page;
    }

    evidence::Disk& disk_;
    const std::string& path_;
    std::string sums_;
    std::optional<evidence::ProofVerifier> verifier_;  ///< absent: not even the first key holds
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
    if (line.starts_with(kNotSealed)) {
        line.remove_prefix(kNotSealed.size());
        record.sealed = false;
    }
    if (!line.starts_with(kLeafStart)) {
        return broken();
    }
    record.bytes = line.substr(kLeafStart.size());
    return record;
}

Result<BundleReport> import_bundle(evidence::Disk& disk,
                                   const std::string& path,
                                   const std::optional<evidence::VerifierKey>& first_key) {
    return Import(disk, path).run(first_key);
}

}  // namespace mailvigil::app
