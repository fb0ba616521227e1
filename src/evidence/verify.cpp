#include "evidence/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>

#include "evidence/checkpoint_book.h"
#include "evidence/kept_proof.h"
#include "evidence/key_book.h"
#include "evidence/layout.h"
#include "evidence/seal.h"
#include "evidence/seal_book.h"
#include "evidence/segment_scan.h"
#include "evidence/stock.h"

namespace mailvigil::evidence {

namespace {

/// A ledger that is pruned while it is read is read anew, so often.
constexpr int kReadingsMax = 5;

/// One reading of a ledger: the checkpoints first, so that nothing that they sign can be missing
/// later, then the tree, then the segments.
class Verifier {
  public:
    Verifier(Disk& disk, const std::string& folder, const VerifyOptions& options)
        : disk_(disk),
          layout_{folder},
          options_(options),
          checkpoints_(disk, layout_, tell()),
          keys_(options, tell()),
          seals_(checkpoints_, keys_, tell()) {}

    /// False: segments were pruned under the reading.
    Result<bool> run() {
        checkpoints_.read();
        report_.origin = checkpoints_.origin();
        stock_ = TRY(take_stock(disk_, layout_, options_.patience));
        check_stock(disk_, layout_, stock_, tell());
        if (stock_.segments.empty()) {
            checkpoints_.read_on({}, options_.patience);
            return true;
        }
        report_.first = stock_.segments.front().first;
        begin_pruned();
        damages_before_ = report_.damage_count;
        scan_all();
        if (!gone_) {
            finish();
        }
        return !gone_;
    }

    VerifyReport take_report() { return std::move(report_); }

  private:
    void damaged(std::string where, std::string what) {
        ++report_.damage_count;
        if (report_.damages.size() < kDamagesMax) {
            report_.damages.push_back({std::move(where), std::move(what)});
        }
    }

    TellDamage tell() {
        return [this](std::string where, std::string what) {
            damaged(std::move(where), std::move(what));
        };
    }

    // -- what was pruned

    void begin_pruned() {
        const std::uint64_t pruned = report_.first / kBlockLeaves;
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(pruned, stock_.tree.size()); ++i) {
            frontier_.append_subtree(kBlockLevel, stock_.tree[i]);
        }
        const auto names = disk_.list(layout_.kept());
        if (!names && report_.first > 0) {
            damaged("kept", "the proofs of the keys of what was pruned are missing");
        }
        for (const std::string& name : names ? *names : std::vector<std::string>()) {
            if (is_draft(name)) {
                continue;
            }
            const auto seal =
                check_kept_proof(disk_, layout_, name, checkpoints_, stock_.tree, tell());
            // Of a key that is still in a segment the seal itself counts.
            if (seal && seal->leaf < report_.first) {
                keys_.take(*seal, checkpoints_.origin());
            }
        }
        while (const Checkpoint* next = next_checkpoint()) {
            if (next->head.size > report_.first) {
                break;
            }
            check_signatures(*next);
            ++next_checkpoint_;
        }
    }

    // -- the records

    void scan_all() {
        const unsigned threads = std::max(1U, options_.threads);
        std::deque<std::future<SegmentScan>> running;
        std::size_t next = 0;
        for (std::size_t done = 0; done < stock_.segments.size(); ++done) {
            while (next < stock_.segments.size() && running.size() < threads) {
                const SegmentName segment = stock_.segments[next++];
                const bool last = next == stock_.segments.size();
                running.push_back(
                    std::async(threads > 1 ? std::launch::async : std::launch::deferred,
                               [this, segment, last] { return scan(segment, last); }));
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
    }

    /// In any thread. A file that goes meanwhile was compressed, or pruned.
    SegmentScan scan(SegmentName segment, bool last) {
        const auto& sizes = checkpoints_.sizes();
        for (;;) {
            SegmentScan scan = scan_segment(disk_, layout_, segment, last, sizes);
            if (segment.has_log && segment.has_sealed) {
                compare(segment, scan);
            }
            const std::string path =
                segment.has_log ? layout_.log(segment.first) : layout_.sealed(segment.first);
            if (scan.damages.empty() || disk_.exists(path)) {
                return scan;
            }
            if (!segment.has_log || !disk_.exists(layout_.sealed(segment.first))) {
                gone_ = true;
                return scan;
            }
            segment.has_log = false;
            segment.has_sealed = true;
        }
    }

    /// Where a segment is there twice, the `.log` counts and the `.zst` must agree.
    void compare(const SegmentName& segment, SegmentScan& scan) {
        const SegmentName only{.first = segment.first, .has_sealed = true};
        const SegmentScan other = scan_segment(disk_, layout_, only, false, {});
        const bool same = other.leaves == scan.leaves && other.block_roots == scan.block_roots;
        scan.damages.insert(scan.damages.end(), other.damages.begin(), other.damages.end());
        if (!same && other.damages.empty()) {
            scan.damages.push_back({fmt::format("segments/{:020}.zst", segment.first),
                                    "not the records of the .log beside it"});
        }
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
            if (block < stock_.tree.size() && stock_.tree[block] != scan.block_roots[i]) {
                damaged(fmt::format("tree, block {}", block),
                        "not the root of the records; the records are what counts");
            }
        }
        check_within(scan, scan.rest);
        // Of what is beyond the checkpoints that were read, more must be read to judge it.
        take_seals(scan, checkpoints_.newest_read_first());
        late_seals_.insert(late_seals_.end(),
                           scan.seals.begin() + static_cast<std::ptrdiff_t>(next_seal_),
                           scan.seals.end());
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

    [[nodiscard]] const Checkpoint* next_checkpoint() const {
        return next_checkpoint_ < checkpoints_.read_first()
                   ? &checkpoints_.entries()[next_checkpoint_]
                   : nullptr;
    }

    /// The checkpoint of just this tree, if there is one.
    void check_heads(const SegmentScan& scan, const Frontier& tree) {
        const Checkpoint* checkpoint = next_checkpoint();
        if (checkpoint == nullptr || checkpoint->head.size != tree.size()) {
            return;
        }
        ++next_checkpoint_;
        // Keys change with the seals before the one that this checkpoint ends with.
        take_seals(scan, tree.size() - 1);
        const std::string where = fmt::format("checkpoints, size {}", tree.size());
        if (checkpoint->head.root != tree.root()) {
            damaged(where,
                    fmt::format("the records up to {} are not what it signed: some were altered, "
                                "removed or put in between",
                                tree.size() - 1));
        }
        const bool ends_with_seal =
            next_seal_ < scan.seals.size() && scan.seals[next_seal_].leaf == tree.size() - 1;
        if (!ends_with_seal) {
            damaged(where, "its last record is no seal");
        }
        if (tree.size() == 1 && ends_with_seal) {
            seals_.take(scan.seals[next_seal_++]);
        }
        check_signatures(*checkpoint);
        if (report_.damage_count == damages_before_) {
            report_.sealed = tree.size();
        }
    }

    void check_signatures(const Checkpoint& checkpoint) {
        keys_.check_signatures(checkpoint);
        ++report_.checkpoints;
    }

    void take_seals(const SegmentScan& scan, std::uint64_t until) {
        while (next_seal_ < scan.seals.size() && scan.seals[next_seal_].leaf < until) {
            seals_.take(scan.seals[next_seal_++]);
        }
    }

    // -- the end

    void finish() {
        finish_late();
        if (report_.first > seals_.pruned_to()) {
            damaged("segments",
                    fmt::format("records 0 to {} are missing, and no record says that they were "
                                "pruned",
                                report_.first - 1));
        }
        report_.prunes = seals_.prunes();
        report_.prune_unfinished = report_.first < seals_.pruned_to();
        const std::uint64_t size = report_.first + report_.leaves;
        for (; const Checkpoint* next = next_checkpoint(); ++next_checkpoint_) {
            damaged(fmt::format("checkpoints, size {}", next->head.size),
                    fmt::format("the ledger ends at {} before it: its end is missing", size));
        }
        keys_.finish();
        report_.cosigned = keys_.cosigned();
        report_.epochs = keys_.epochs();
        report_.first_epoch_key = keys_.first();
        report_.in_use = checkpoints_.went_on();
        report_.unsealed = size - std::min(size, checkpoints_.newest_read_first());
        check_anchors(size);
    }

    /// What is beyond the checkpoints that were read first: its records are not sealed for us, but
    /// its seals and signatures must fit.
    void finish_late() {
        std::optional<std::uint64_t> last_seal;
        if (!lost_ && !late_seals_.empty()) {
            last_seal = late_seals_.back().leaf;
        }
        checkpoints_.read_on(last_seal, options_.patience);
        if (lost_) {
            return;
        }
        for (const Seal& seal : late_seals_) {
            seals_.take(seal);
        }
        const auto& entries = checkpoints_.entries();
        const std::uint64_t size = report_.first + report_.leaves;
        for (std::size_t i = checkpoints_.read_first(); i < entries.size(); ++i) {
            // Keys that were named later than the records were read are not known here.
            if (entries[i].head.size <= size) {
                keys_.check_signatures(entries[i]);
            }
        }
    }

    void check_anchors(std::uint64_t size) {
        for (const Checkpoint& anchor : options_.anchors) {
            const std::string where = fmt::format("anchor, size {}", anchor.head.size);
            const Checkpoint* own = checkpoints_.find(anchor.head.size);
            if (anchor.origin != report_.origin) {
                damaged(where, fmt::format("of another ledger: {}", anchor.origin));
            } else if (anchor.head.size > size) {
                damaged(where,
                        fmt::format("was seen elsewhere, but the ledger ends at {}: it was rolled "
                                    "back or cut",
                                    size));
            } else if (own == nullptr) {
                damaged(where, "was seen elsewhere, but is not in the file checkpoints");
            } else if (own->head.root != anchor.head.root) {
                damaged(where, "was seen elsewhere with another root: the ledger was forked");
            } else if (anchor.head.size <= checkpoints_.newest_read_first()) {
                report_.anchored = std::max(report_.anchored, anchor.head.size);
            }
        }
    }

    Disk& disk_;
    Layout layout_;
    const VerifyOptions& options_;
    VerifyReport report_;
    CheckpointBook checkpoints_;
    KeyBook keys_;
    SealBook seals_;
    Stock stock_;
    std::size_t next_checkpoint_ = 0;
    Frontier frontier_;
    std::size_t next_seal_ = 0;         ///< of the segment that is merged
    std::vector<Seal> late_seals_;      ///< beyond the checkpoints that were read first
    std::uint64_t damages_before_ = 0;  ///< before the records were read
    bool lost_ = false;                 ///< numbers after a hole mean nothing
    std::atomic<bool> gone_ = false;    ///< a segment was pruned meanwhile
};

}  // namespace

Result<VerifyReport> verify(Disk& disk, const std::string& folder, const VerifyOptions& options) {
    const auto until = std::chrono::steady_clock::now() + options.patience;
    for (int reading = 0; reading < kReadingsMax || std::chrono::steady_clock::now() < until;
         ++reading) {
        Verifier verifier(disk, folder, options);
        if (TRY(verifier.run())) {
            return verifier.take_report();
        }
    }
    return fail(ErrorCode::unreadable,
                fmt::format("{} is pruned again and again while it is verified", folder));
}

}  // namespace mailvigil::evidence
