#include "app/case_bundle.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/incident.h"
#include "app/ledger_status.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "evidence/checkpoint.h"
#include "evidence/key_chain.h"

namespace mailvigil::app {

namespace {

constexpr std::string_view kNotSealed = ",\"sealed\":false";

constexpr std::string_view kReadMe =
    R"(A case bundle of mailvigil: records of a sealed ledger, and the proof of each.

report.html      what happened, for people
records.ndjson   a line a record: {"record":NUMBER,"leaf":LEAF}. The exact bytes that were sealed
                 are what stands between "leaf": and the last } of the line.
proofs/          NUMBER.tlog-proof for each record (c2sp.org/tlog-proof)
keys/            such proofs of the ledger's signing keys, from its first one on
checkpoint       the signed head of the ledger at the time of the export
bundle           how many records there are
sha256sums       of every other file; sha256sum -c sha256sums

To verify it without the host: mailvigil evidence import FOLDER --vkey FIRST_EPOCH_KEY, the key that
the ledger began with, asked for in another way than this bundle. Any verifier of
c2sp.org/tlog-proof will do as well; docs/case-bundle.md of mailvigil tells how.
)";

/// Writes the files of a bundle and remembers their sums.
class BundleWriter {
  public:
    BundleWriter(evidence::Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

    Result<void> begin() {
        // Not make_folder(): what is there already may be another case.
        if (::mkdir(path_.c_str(), 0700) != 0) {
            return fail(ErrorCode::unwritable,
                        fmt::format("cannot make the folder {}: {}", path_, std::strerror(errno)));
        }
        TRY(disk_.make_folder(path_ + "/proofs"));
        return disk_.make_folder(path_ + "/keys");
    }

    Result<void> write(const std::string& name, std::string_view content) {
        const auto file = TRY(disk_.open_append(fmt::format("{}/{}", path_, name)));
        TRY(file->append(content));
        TRY(file->sync());
        const Sha256 sum = sha256(content);
        sums_ += fmt::format("{}  {}\n", render_hex(as_text(sum)), name);
        return {};
    }

    Result<void> finish() {
        const std::string sums = sums_;
        return write("sha256sums", sums);
    }

  private:
    evidence::Disk& disk_;
    std::string path_;
    std::string sums_;
};

Result<std::vector<std::uint64_t>> leaves_within(EvidenceFolder& folder,
                                                 const evidence::TimeSpan& span) {
    std::vector<std::uint64_t> leaves;
    const auto take = [&](std::uint64_t leaf) {
        // One more than the most is enough to know that it is too much.
        if (leaves.size() <= kBundleRecordsMax) {
            leaves.push_back(leaf);
        }
    };
    for (const std::string& mailbox : TRY(folder.index().mailboxes(folder.ledger()))) {
        TRY(folder.index().accesses(
            folder.ledger(), mailbox, span, [&](const evidence::AccessRow& row) {
                take(row.leaf);
            }));
    }
    TRY(folder.index().entries(
        folder.ledger(), span, std::nullopt, [&](const evidence::EntryRow& row) {
            take(row.leaf);
        }));
    return leaves;
}

Result<std::vector<std::uint64_t>> leaves_of(EvidenceFolder& folder, const BundleRequest& request) {
    std::vector<std::uint64_t> leaves;
    if (request.incident) {
        const auto incident = TRY(find_incident(folder, *request.incident));
        const auto records = TRY(records_of(folder, incident));
        leaves = records.all();
    } else {
        leaves = TRY(leaves_within(folder, request.span));
    }
    if (leaves.empty()) {
        return fail(ErrorCode::unknown, "there is no record in this span");
    }
    if (leaves.size() > kBundleRecordsMax) {
        return fail(ErrorCode::limit,
                    fmt::format("more than {} records; narrow --since and --until, or name an "
                                "incident",
                                kBundleRecordsMax));
    }
    // Genesis names the ledger's keys.
    leaves.push_back(0);
    std::ranges::sort(leaves);
    const auto again = std::ranges::unique(leaves);
    leaves.erase(again.begin(), again.end());
    return leaves;
}

/// A proof under the one checkpoint that goes with the bundle.
Result<std::string> proof_of(evidence::LedgerReader& ledger,
                             const BundleRecord& record,
                             const evidence::Checkpoint& head) {
    evidence::LeafProof proof{
        .extra = record.bytes, .index = record.leaf, .path = {}, .checkpoint = head};
    proof.path = TRY(inclusion_path(ledger, record.leaf, head.head.size));
    if (!verify_inclusion(evidence::leaf_hash(record.bytes), record.leaf, proof.path, head.head)) {
        return fail(ErrorCode::malformed,
                    fmt::format("record {} is not what checkpoint {} signed; see what `mailvigil "
                                "evidence verify` finds",
                                record.leaf,
                                head.head.size));
    }
    return render(proof);
}

}  // namespace

std::string render_bundle_counts(std::uint64_t records, std::uint64_t unsealed) {
    return fmt::format(
        "mailvigil case bundle 1\nrecords {}\nnot sealed yet {}\n", records, unsealed);
}

std::string render_bundle_line(const BundleRecord& record) {
    return fmt::format("{{\"record\":{}{},\"leaf\":{}}}\n",
                       record.leaf,
                       record.sealed ? "" : kNotSealed,
                       record.bytes);
}

Result<BundleSummary> export_bundle(evidence::Disk& disk,
                                    EvidenceFolder& folder,
                                    const BundleRequest& request) {
    const auto leaves = TRY(leaves_of(folder, request));
    // A writer may go on meanwhile: one checkpoint is what the whole bundle is of.
    const auto checkpoints = TRY(folder.ledger().checkpoints());
    if (checkpoints.empty()) {
        return fail(ErrorCode::unknown, "nothing of this ledger is sealed yet");
    }
    const evidence::Checkpoint& head = checkpoints.back();
    const auto chain = TRY(
        evidence::key_chain(disk, evidence::Layout{folder.path()}, folder.ledger(), checkpoints));
    BundleWriter writer(disk, request.to);
    TRY(writer.begin());
    for (const evidence::LeafProof& link : chain) {
        TRY(writer.write("keys/" + evidence::key_link_name(link.index), render(link)));
    }
    BundleSummary summary;
    std::string lines;
    std::vector<BundleRecord> records;
    for (const std::uint64_t leaf : leaves) {
        const bool sealed = leaf < head.head.size;
        BundleRecord record{.leaf = leaf, .bytes = {}, .sealed = sealed, .proved = sealed};
        record.bytes =
            leaf == 0 ? TRY(genesis_leaf(disk, folder)) : TRY(folder.ledger().leaf(leaf));
        lines += render_bundle_line(record);
        if (sealed) {
            const bool kept = leaf == 0 && folder.ledger().first() > 0 && !chain.empty();
            const std::string proof =
                kept ? render(chain.front()) : TRY(proof_of(folder.ledger(), record, head));
            TRY(writer.write(fmt::format("proofs/{}.tlog-proof", leaf), proof));
            ++summary.proofs;
        } else {
            summary.unproved.push_back(leaf);
        }
        records.push_back(std::move(record));
    }
    summary.records = records.size();
    TRY(writer.write("bundle", render_bundle_counts(summary.records, summary.unproved.size())));
    TRY(writer.write("records.ndjson", lines));
    TRY(writer.write("checkpoint", render(head)));
    TRY(writer.write("README", kReadMe));
    TRY(writer.write("report.html",
                     output::render_html(bundle_page(records, head.origin, request.now))));
    TRY(writer.finish());
    return summary;
}

}  // namespace mailvigil::app
