#include "evidence/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>

#include "evidence/checkpoint_log.h"
#include "evidence/layout.h"
#include "evidence/seal.h"
#include "evidence/segment_scan.h"

namespace mailvigil::evidence {

namespace {

/// From its leaf on, this key signs (but for the checkpoint that the leaf ends).
struct Epoch {
    std::uint64_t leaf = 0;
    VerifierKey key;
};

/// A file that was never finished: a writer works on it, or was killed at it.
bool is_draft(std::string_view name) { return name.ends_with(".new"); }

class Verifier {
  public:
    Verifier(Disk& disk, std::string folder, const VerifyOptions& options)
        : disk_(disk), layout_{std::move(folder)}, options_(options) {}

    Result<VerifyReport> run() {
        segments_ = TRY(list_segments(disk_, layout_, &strangers_));
        check_folder();
        read_checkpoints();
        if (segments_.empty()) {
            damaged("segments", "all records are missing");
            return std::move(report_);
        }
        report_.first = segments_.front().first;
        TRY(read_tree());
        begin_pruned();
        TRY(scan_all());
        finish();
        return std::move(report_);
    }

  private:
    void damaged(std::string where, std::string what) {
        ++report_.damage_count;
        if (report_.damages.size() < kDamagesMax) {
            report_.damages.push_back({std::move(where), std::move(what)});
        }
    }

    void check_folder() {
        const auto format = disk_.read(layout_.format());
        if (!format || *format != kFormatLine) {
            damaged("format", format ? "not the line that it must be" : format.error().message);
        }
        for (const std::string& name : strangers_) {
            if (!is_draft(name)) {
                damaged("segments/" + name, "not the name of a segment");
            }
        }
    }

    void read_checkpoints() {
        const auto bytes = disk_.read(layout_.checkpoints());
        if (!bytes) {
            damaged("checkpoints", bytes.error().message);
            return;
        }
        CheckpointLog log = parse_checkpoint_log(*bytes);
        if (!log.remainder.empty()) {
            damaged("checkpoints",
                    fmt::format("byte {}: what follows is no checkpoint", log.whole_bytes));
        }
        for (Checkpoint& entry : log.entries) {
            add_checkpoint(std::move(entry));
        }
        if (checkpoints_.empty()) {
            return;
        }
        report_.origin = checkpoints_.back().origin;
        const auto newest = disk_.read(layout_.checkpoint());
        if (!newest || *newest != render(checkpoints_.back())) {
            damaged("checkpoint",
                    newest ? "not the last one of the file checkpoints" : newest.error().message);
        }
    }

    void add_checkpoint(Checkpoint entry) {
        const std::string where = fmt::format("checkpoints, size {}", entry.head.size);
        if (!checkpoints_.empty()) {
            const Checkpoint& before = checkpoints_.back();
            if (entry.origin != before.origin) {
                damaged(where, fmt::format("of another ledger: {}", entry.origin));
                return;
            }
            if (entry.head.size < before.head.size) {
                damaged(where, fmt::format("smaller than the one before, {}", before.head.size));
                return;
            }
            if (entry.head.size == before.head.size) {
                if (entry.head.root != before.head.root) {
                    damaged(where, "two roots for one size: the ledger was forked");
                    return;
                }
                check_repeated(before, entry, where);
                checkpoints_.back() = std::move(entry);
                return;
            }
        }
        sizes_.push_back(entry.head.size);
        checkpoints_.push_back(std::move(entry));
    }

    /// The same checkpoint again gains signatures and loses none.
    void check_repeated(const Checkpoint& before,
                        const Checkpoint& again,
                        const std::string& where) {
        for (const NoteSignature& signature : before.note.signatures) {
            if (std::ranges::find(again.note.signatures, signature) ==
                again.note.signatures.end()) {
                damaged(where, "stands there again without a signature that it had");
            }
        }
    }

    Result<void> read_tree() {
        const std::uint64_t wanted = segments_.back().first / kBlockLeaves;
        std::string bytes;
        if (disk_.exists(layout_.tree())) {
            bytes = TRY(disk_.read(layout_.tree()));
        }
        if (bytes.size() != wanted * sizeof(Hash)) {
            damaged("tree",
                    fmt::format("{} bytes, but {} closed blocks have {}",
                                bytes.size(),
                                wanted,
                                wanted * sizeof(Hash)));
        }
        for (std::uint64_t i = 0; (i + 1) * sizeof(Hash) <= bytes.size(); ++i) {
            tree_.emplace_back();
            std::copy_n(bytes.data() + i * sizeof(Hash),
                        sizeof(Hash),
                        reinterpret_cast<char*>(tree_.back().data()));
        }
        return {};
    }

    // -- what was pruned
    // ----------------------------------------------------------------------------

    void begin_pruned() {
        for (std::uint64_t i = 0; i < report_.first / kBlockLeaves; ++i) {
            if (i < tree_.size()) {
                frontier_.append_subtree(kBlockLevel, tree_[i]);
            }
        }
        if (!disk_.exists(layout_.kept())) {
            if (report_.first > 0) {
                damaged("kept", "the proofs of the keys of what was pruned are missing");
            }
            return;
        }
        const auto names = disk_.list(layout_.kept());
        for (const std::string& name : names ? *names : std::vector<std::string>()) {
            if (!is_draft(name)) {
                check_kept(name);
            }
        }
        while (next_checkpoint_ < checkpoints_.size() &&
               checkpoints_[next_checkpoint_].head.size <= report_.first) {
            check_signatures(checkpoints_[next_checkpoint_++]);
        }
    }

    void check_kept(const std::string& name) {
        const std::string where = "kept/" + name;
        const auto bytes = disk_.read(layout_.kept() + "/" + name);
        const auto proof = bytes ? parse_proof(*bytes) : std::unexpected(bytes.error());
        if (!proof) {
            damaged(where, proof.error().message);
            return;
        }
        const auto seal = parse_seal(proof->index, proof->extra);
        const bool in_place = render(*proof) == *bytes &&
                              layout_.kept_proof(proof->index).ends_with("/" + name) &&
                              proof->checkpoint.head.size == proof->index + 1;
        if (!in_place || !seal || !*seal ||
            !verify_inclusion(
                leaf_hash(proof->extra), proof->index, proof->path, proof->checkpoint.head)) {
            damaged(where, "does not prove a seal under the checkpoint that it ends");
            return;
        }
        const auto known = std::ranges::find(
            checkpoints_, proof->checkpoint.head.size, [](const auto& c) { return c.head.size; });
        if (known == checkpoints_.end() || known->head != proof->checkpoint.head) {
            damaged(where, "its checkpoint is not in the file checkpoints");
        }
        // Of a key that is still in a segment the seal itself counts.
        if (proof->index < report_.first) {
            take_key(**seal);
        }
    }

    // -- the records
    // ----------------------------------------------------------------------------------

    Result<void> scan_all() {
        const unsigned threads = std::max(1U, options_.threads);
        std::deque<std::future<SegmentScan>> running;
        std::size_t next = 0;
        for (std::size_t done = 0; done < segments_.size(); ++done) {
            while (next < segments_.size() && running.size() < threads) {
                const SegmentName& segment = segments_[next++];
                const bool last = &segment == &segments_.back();
                running.push_back(
                    std::async(threads > 1 ? std::launch::async : std::launch::deferred,
                               [this, &segment, last] {
                                   return scan_segment(disk_, layout_, segment, last, sizes_);
                               }));
            }
            const SegmentScan scan = running.front().get();
            running.pop_front();
            if (!lost_) {
                merge(scan);
            }
            for (const Damage& damage : scan.damages) {
                damaged(damage.where, damage.what);
            }
            if (options_.progress) {
                options_.progress(report_.leaves);
            }
        }
        return {};
    }

    void merge(const SegmentScan& scan) {
        const std::uint64_t expected = report_.first + report_.leaves;
        if (scan.first != expected) {
            damaged(fmt::format("segments, record {}", std::min(expected, scan.first)),
                    scan.first > expected
                        ? fmt::format("records {} to {} are missing", expected, scan.first - 1)
                        : fmt::format("the segment before has {} records too many",
                                      expected - scan.first));
            lost_ = true;
            return;
        }
        report_.unfinished_bytes = scan.unfinished_bytes;
        next_seal_ = 0;
        for (std::uint64_t i = 0; i < scan.block_roots.size(); ++i) {
            const std::uint64_t block = scan.first / kBlockLeaves + i;
            const auto kept = scan.blocks.find(block);
            if (kept != scan.blocks.end()) {
                check_within(scan, kept->second);
            }
            frontier_.append_subtree(kBlockLevel, scan.block_roots[i]);
            check_heads(scan, frontier_);
            if (block < tree_.size() && tree_[block] != scan.block_roots[i]) {
                damaged(fmt::format("tree, block {}", block),
                        "not the root of the records; the records are what counts");
            }
        }
        check_within(scan, scan.rest);
        take_seals(scan, UINT64_MAX);
        report_.leaves += scan.leaves;
    }

    /// Checkpoints that end within the block that comes next, whose leaves hash to `hashes`.
    void check_within(const SegmentScan& scan, const std::vector<Hash>& hashes) {
        Frontier inside = frontier_;
        for (const Hash& hash : hashes) {
            inside.append(hash);
            check_heads(scan, inside);
        }
    }

    /// The checkpoint of just this tree, if there is one.
    void check_heads(const SegmentScan& scan, const Frontier& tree) {
        if (next_checkpoint_ == checkpoints_.size() ||
            checkpoints_[next_checkpoint_].head.size != tree.size()) {
            return;
        }
        const Checkpoint& checkpoint = checkpoints_[next_checkpoint_++];
        // Keys change with the seals before the one that this checkpoint ends with.
        take_seals(scan, tree.size() - 1);
        const std::string where = fmt::format("checkpoints, size {}", tree.size());
        if (checkpoint.head.root != tree.root()) {
            damaged(where,
                    fmt::format("the records up to {} are not what it signed: some were altered, "
                                "removed or put in between",
                                tree.size() - 1));
        } else if (damage_free_) {
            report_.sealed = tree.size();
        }
        const bool ends_with_seal =
            next_seal_ < scan.seals.size() && scan.seals[next_seal_].leaf == tree.size() - 1;
        if (!ends_with_seal) {
            damaged(where, "its last record is no seal");
        }
        if (tree.size() == 1 && ends_with_seal) {
            take_seal(scan.seals[next_seal_++]);
        }
        check_signatures(checkpoint);
        damage_free_ = report_.damage_count == 0;
    }

    // -- seals and keys
    // -------------------------------------------------------------------------------

    void take_seals(const SegmentScan& scan, std::uint64_t until) {
        while (next_seal_ < scan.seals.size() && scan.seals[next_seal_].leaf < until) {
            take_seal(scan.seals[next_seal_++]);
        }
    }

    void take_seal(const Seal& seal) {
        const std::string where = fmt::format("record {}", seal.leaf);
        if ((seal.action == SealAction::genesis) != (seal.leaf == 0)) {
            damaged(where, seal.leaf == 0 ? "not the genesis" : "a second genesis");
            return;
        }
        last_seal_ = seal.leaf;
        pruned_to_ = std::max(pruned_to_, seal.first);
        if (seal.before) {
            check_before(seal, where);
        }
        // A key whose seal was not signed by its predecessor has no effect.
        if (seal.action == SealAction::genesis ||
            (seal.action == SealAction::key && std::ranges::binary_search(sizes_, seal.leaf + 1))) {
            take_key(seal);
        }
    }

    /// A seal names the newest checkpoint before it; if that is not there, it was taken away.
    void check_before(const Seal& seal, const std::string& where) {
        const auto after = std::ranges::upper_bound(sizes_, seal.leaf);
        if (after == sizes_.begin()) {
            damaged(
                where,
                fmt::format("names a checkpoint of size {} that is missing", seal.before->size));
            return;
        }
        const Checkpoint& newest =
            checkpoints_[static_cast<std::size_t>(after - sizes_.begin()) - 1];
        if (newest.head != *seal.before) {
            damaged(where,
                    fmt::format("names a checkpoint of size {} before it, but there the newest is "
                                "of size {}: a checkpoint is missing or forged",
                                seal.before->size,
                                newest.head.size));
        }
    }

    void take_key(const Seal& seal) {
        const std::string where = fmt::format("record {}", seal.leaf);
        auto key = parse_vkey(seal.vkey);
        if (!key || key->name != report_.origin || key->type != KeyType::ed25519) {
            damaged(where, "names no key of this ledger");
            return;
        }
        if (seal.action == SealAction::genesis) {
            auto log_key = parse_vkey(seal.log_vkey);
            if (seal.origin != report_.origin || !log_key || log_key->name != report_.origin) {
                damaged(where, fmt::format("the genesis of another ledger: {}", seal.origin));
            } else {
                log_key_ = std::move(*log_key);
            }
            if (options_.first_epoch_key && *options_.first_epoch_key != *key) {
                damaged(where,
                        "the ledger does not begin with the key that was given: it is another one, "
                        "or was made anew");
            }
            report_.first_epoch_key = *key;
        }
        epochs_.push_back({seal.leaf, std::move(*key)});
        report_.epochs = epochs_.size();
    }

    void check_signatures(const Checkpoint& checkpoint) {
        const std::string where = fmt::format("checkpoints, size {}", checkpoint.head.size);
        const auto after =
            std::ranges::lower_bound(epochs_, checkpoint.head.size - 1, {}, &Epoch::leaf);
        const Epoch* epoch = after == epochs_.begin() ? nullptr : &*(after - 1);
        if (checkpoint.head.size == 1 && !epochs_.empty()) {
            epoch = &epochs_.front();
        }
        if (epoch == nullptr || !log_key_) {
            damaged(where, "no key is known that must have signed it");
            return;
        }
        if (check(checkpoint.note, *log_key_) != SignatureCheck::valid) {
            damaged(where, "not signed by the log key");
        }
        if (check(checkpoint.note, epoch->key) != SignatureCheck::valid) {
            damaged(where, "not signed by the key of its day");
        }
        for (const VerifierKey& witness : options_.witnesses) {
            const SignatureCheck cosigned = check(checkpoint.note, witness);
            if (cosigned == SignatureCheck::invalid) {
                damaged(where, fmt::format("the signature of {} is forged", witness.name));
            } else if (cosigned == SignatureCheck::valid) {
                report_.cosigned = checkpoint.head.size;
            }
        }
        ++report_.checkpoints;
    }

    // -- the end
    // --------------------------------------------------------------------------------------

    void finish() {
        const std::uint64_t size = report_.first + report_.leaves;
        if (report_.first > pruned_to_) {
            damaged("segments",
                    fmt::format("records 0 to {} are missing, and no record says that they were "
                                "pruned",
                                report_.first - 1));
        }
        for (; next_checkpoint_ < checkpoints_.size(); ++next_checkpoint_) {
            damaged(fmt::format("checkpoints, size {}", checkpoints_[next_checkpoint_].head.size),
                    fmt::format("the ledger ends at {} before it: its end is missing", size));
        }
        if (!lost_ && !sizes_.empty() && last_seal_ && *last_seal_ + 1 > sizes_.back()) {
            damaged(fmt::format("record {}", *last_seal_),
                    "a seal without its checkpoint: the writer was killed just there, or the "
                    "newest checkpoint was removed");
        }
        if (!log_key_) {
            damaged("record 0", "the genesis is missing");
        }
        report_.unsealed = size - std::min(size, sizes_.empty() ? 0 : sizes_.back());
        check_anchors(size);
    }

    void check_anchors(std::uint64_t size) {
        for (const Checkpoint& anchor : options_.anchors) {
            const std::string where = fmt::format("anchor, size {}", anchor.head.size);
            if (anchor.origin != report_.origin) {
                damaged(where, fmt::format("of another ledger: {}", anchor.origin));
                continue;
            }
            const auto own = std::ranges::find(
                checkpoints_, anchor.head.size, [](const auto& c) { return c.head.size; });
            if (anchor.head.size > size) {
                damaged(where,
                        fmt::format("was seen elsewhere, but the ledger ends at {}: it was rolled "
                                    "back or cut",
                                    size));
            } else if (own == checkpoints_.end()) {
                damaged(where, "was seen elsewhere, but is not in the file checkpoints");
            } else if (own->head.root != anchor.head.root) {
                damaged(where, "was seen elsewhere with another root: the ledger was forked");
            } else {
                report_.anchored = std::max(report_.anchored, anchor.head.size);
            }
        }
    }

    Disk& disk_;
    Layout layout_;
    const VerifyOptions& options_;
    VerifyReport report_;
    std::vector<SegmentName> segments_;
    std::vector<std::string> strangers_;
    std::vector<Checkpoint> checkpoints_;  ///< one a size
    std::vector<std::uint64_t> sizes_;
    std::size_t next_checkpoint_ = 0;
    std::vector<Hash> tree_;
    Frontier frontier_;
    std::vector<Epoch> epochs_;
    std::optional<VerifierKey> log_key_;
    std::size_t next_seal_ = 0;  ///< of the segment that is merged
    std::optional<std::uint64_t> last_seal_;
    std::uint64_t pruned_to_ = 0;
    bool damage_free_ = true;
    bool lost_ = false;  ///< numbers after a hole mean nothing
};

}  // namespace

Result<VerifyReport> verify(Disk& disk, const std::string& folder, const VerifyOptions& options) {
    return Verifier(disk, folder, options).run();
}

}  // namespace mailvigil::evidence
