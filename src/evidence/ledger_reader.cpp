#include "evidence/ledger_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "evidence/block_source.h"
#include "evidence/checkpoint_log.h"
#include "evidence/frame.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

struct LedgerReader::State {
    Disk& disk;
    Layout layout;
    BlockSource blocks;
    std::string origin;
    std::string tree;  ///< the file, as far as it was read
    std::vector<Hash> leaf_hashes;
    std::uint64_t hashed_block = UINT64_MAX;

    Result<Hash> block_root(std::uint64_t number);
    Result<void> hash_block(std::uint64_t number);
};

namespace {

Hash reduce(std::vector<Hash> hashes) {
    while (hashes.size() > 1) {
        for (std::size_t i = 0; i < hashes.size() / 2; ++i) {
            hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
        }
        hashes.resize(hashes.size() / 2);
    }
    return hashes.front();
}

std::unexpected<Error> beyond(std::uint64_t leaf) {
    return fail(ErrorCode::limit,
                fmt::format("there is no record {}: the ledger ends before it", leaf));
}

/// The newest one; where its own file is not there or not one, the last of all. None: size 0.
Result<Checkpoint> newest_checkpoint(Disk& disk, const Layout& layout) {
    const auto text = read_whole(disk, layout.checkpoint(), kNoteBytesMax);
    auto newest = text ? parse_checkpoint(*text) : std::unexpected(text.error());
    if (newest || !disk.exists(layout.checkpoints())) {
        return newest ? std::move(*newest) : Checkpoint{};
    }
    CheckpointLog log =
        parse_checkpoint_log(TRY(read_whole(disk, layout.checkpoints(), kCheckpointsBytesMax)));
    return log.entries.empty() ? Checkpoint{} : std::move(log.entries.back());
}

}  // namespace

LedgerReader::LedgerReader(std::unique_ptr<State> state) : state_(std::move(state)) {}

LedgerReader::~LedgerReader() = default;

Result<std::unique_ptr<LedgerReader>> LedgerReader::open(Disk& disk, std::string folder) {
    Layout layout{std::move(folder)};
    const auto format = read_whole(disk, layout.format(), kFormatBytesMax);
    if (!format) {
        return fail(
            format.error().code,
            format.error().code == ErrorCode::unknown
                ? fmt::format("{} is no evidence folder (it has no file \"format\")", layout.folder)
                : format.error().message);
    }
    if (*format != kFormatLine) {
        return fail(ErrorCode::malformed,
                    fmt::format("{}: not a format that this mailvigil knows", layout.format()));
    }
    // Before the segments are listed: what it signs is there.
    const Checkpoint newest = TRY(newest_checkpoint(disk, layout));
    return make(disk, std::move(layout.folder), newest, false);
}

Result<std::unique_ptr<LedgerReader>> LedgerReader::open_unmarked(Disk& disk, std::string folder) {
    return make(disk, std::move(folder), {}, true);
}

Result<std::unique_ptr<LedgerReader>> LedgerReader::make(Disk& disk,
                                                         std::string folder,
                                                         const Checkpoint& newest,
                                                         bool by_writer) {
    Layout layout{std::move(folder)};
    BlockSource blocks =
        TRY(BlockSource::open(disk,
                              layout,
                              by_writer ? BlockSource::End::any : BlockSource::End::sealed,
                              newest.head.size));
    if (blocks.empty()) {
        return fail(ErrorCode::malformed,
                    fmt::format("{}: all segments are missing", layout.segments()));
    }
    auto state = std::unique_ptr<State>(
        new State{disk, std::move(layout), std::move(blocks), newest.origin, {}, {}, UINT64_MAX});
    return std::unique_ptr<LedgerReader>(new LedgerReader(std::move(state)));
}

const std::string& LedgerReader::origin() const {
    return state_->origin;
}

std::uint64_t LedgerReader::first() const {
    return state_->blocks.first();
}

Result<std::uint64_t> LedgerReader::size() {
    TRY(state_->blocks.refresh());
    std::uint64_t number = state_->blocks.last_known_block();
    for (;; ++number) {
        const Block* block = TRY(state_->blocks.block(number));
        if (block->leaves < kBlockLeaves) {
            return block->first + block->leaves;
        }
    }
}

Result<std::string> LedgerReader::leaf(std::uint64_t index) {
    std::string found;
    TRY(read(index, index + 1, [&](std::uint64_t, std::string_view bytes) {
        found = bytes;
        return true;
    }));
    if (found.empty()) {
        return beyond(index);
    }
    return found;
}

Result<void> LedgerReader::read(std::uint64_t from,
                                std::uint64_t until,
                                const std::function<bool(std::uint64_t, std::string_view)>& visit) {
    while (from < until) {
        const Block* block = TRY(state_->blocks.block(from / kBlockLeaves));
        FrameReader frames(block->frames);
        std::string_view leaf;
        for (std::uint64_t number = block->first; number < until && frames.next(leaf); ++number) {
            if (number >= from && !visit(number, leaf)) {
                return {};
            }
        }
        if (block->leaves < kBlockLeaves) {
            return {};
        }
        from = block->first + kBlockLeaves;
    }
    return {};
}

Result<Position> LedgerReader::read_on(
    Position from, const std::function<bool(std::uint64_t, std::string_view)>& visit) {
    BlockSource& blocks = state_->blocks;
    TRY(blocks.refresh());
    from.leaf = std::max(from.leaf, first());
    const auto take = [&](const Block& block) {
        FrameReader frames(block.frames);
        std::string_view leaf;
        std::uint64_t number = block.first;
        bool wanted = true;
        while (wanted && frames.next(leaf)) {
            wanted = number < from.leaf || visit(number, leaf);
            ++number;
        }
        const bool all = wanted && frames.at_end();
        from = {.leaf = std::max(from.leaf, number),
                .segment = block.segment,
                .offset = block.offset + frames.offset()};
        return all;
    };
    for (;;) {
        // The end of the open segment is found without a search.
        if (from.offset != 0) {
            const auto tail = TRY(blocks.open_frames(from.segment, from.leaf, from.offset));
            if (tail) {
                if (tail->leaves == 0 || !take(*tail)) {
                    return from;
                }
                continue;
            }
        }
        const Block* block = TRY(blocks.block(from.leaf / kBlockLeaves));
        if (block->first + block->leaves <= from.leaf) {
            return from;
        }
        const bool partial = block->leaves < kBlockLeaves;
        if (!take(*block) || partial) {
            return from;
        }
        from.offset = 0;  // what follows may be in another segment
    }
}

Result<std::vector<Checkpoint>> LedgerReader::checkpoints() {
    const std::string bytes =
        TRY(read_whole(state_->disk, state_->layout.checkpoints(), kCheckpointsBytesMax));
    CheckpointLog log = parse_checkpoint_log(bytes);
    std::vector<Checkpoint> found;
    for (Checkpoint& entry : log.entries) {
        if (!found.empty() && found.back().head.size == entry.head.size) {
            found.back() = std::move(entry);
        } else {
            found.push_back(std::move(entry));
        }
    }
    return found;
}

Result<LeafProof> LedgerReader::prove(std::uint64_t index) {
    const std::vector<Checkpoint> all = TRY(checkpoints());
    if (all.empty() || all.back().head.size <= index) {
        return fail(ErrorCode::limit,
                    fmt::format("record {} is not sealed yet: the newest checkpoint covers {}",
                                index,
                                all.empty() ? 0 : all.back().head.size));
    }
    LeafProof proof;
    proof.extra = TRY(leaf(index));
    proof.index = index;
    proof.checkpoint = all.back();
    proof.path = TRY(inclusion_path(*this, index, proof.checkpoint.head.size));
    if (!verify_inclusion(leaf_hash(proof.extra), index, proof.path, proof.checkpoint.head)) {
        return fail(ErrorCode::malformed,
                    fmt::format("record {} is not what checkpoint {} signed; see what "
                                "`mailvigil evidence verify` finds",
                                index,
                                proof.checkpoint.head.size));
    }
    return proof;
}

Result<void> LedgerReader::State::hash_block(std::uint64_t number) {
    const Block* block = TRY(blocks.block(number));
    if (hashed_block == number && leaf_hashes.size() == block->leaves) {
        return {};
    }
    leaf_hashes.clear();
    FrameReader frames(block->frames);
    std::string_view leaf;
    while (frames.next(leaf)) {
        leaf_hashes.push_back(leaf_hash(leaf));
    }
    hashed_block = number;
    return {};
}

Result<Hash> LedgerReader::State::block_root(std::uint64_t number) {
    if (tree.size() < (number + 1) * sizeof(Hash) && disk.exists(layout.tree())) {
        const std::uint64_t size = TRY(disk.size(layout.tree()));
        tree += TRY(disk.read(layout.tree(), tree.size(), size - std::min(size, tree.size())));
    }
    if ((number + 1) * sizeof(Hash) <= tree.size()) {
        Hash root;
        std::copy_n(tree.data() + number * sizeof(Hash),
                    sizeof(Hash),
                    reinterpret_cast<char*>(root.data()));
        return root;
    }
    TRY(hash_block(number));
    if (leaf_hashes.size() < kBlockLeaves) {
        return beyond(number * kBlockLeaves + leaf_hashes.size());
    }
    return reduce(leaf_hashes);
}

Result<Hash> LedgerReader::node(unsigned level, std::uint64_t index) {
    const std::uint64_t width = std::uint64_t{1} << level;
    if (level >= kBlockLevel) {
        std::vector<Hash> roots;
        const std::uint64_t blocks = width >> kBlockLevel;
        for (std::uint64_t i = 0; i < blocks; ++i) {
            roots.push_back(TRY(state_->block_root(index * blocks + i)));
        }
        return reduce(std::move(roots));
    }
    const std::uint64_t first_leaf = index << level;
    TRY(state_->hash_block(first_leaf / kBlockLeaves));
    const std::vector<Hash>& hashes = state_->leaf_hashes;
    const std::uint64_t begin = first_leaf % kBlockLeaves;
    if (begin + width > hashes.size()) {
        return beyond(first_leaf + width - 1);
    }
    const auto from = hashes.begin() + static_cast<std::ptrdiff_t>(begin);
    return reduce({from, from + static_cast<std::ptrdiff_t>(width)});
}

}  // namespace mailvigil::evidence
