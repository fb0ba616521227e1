#include "evidence/index/chunk_store.h"

#include <algorithm>
#include <array>

#include "evidence/layout.h"

namespace mailvigil::evidence::index {

namespace {

// The parts of a chunk: a slot for each bucket of mailboxes, two lists, one for each bucket of
// actors.
constexpr std::size_t kTimesSlot = kBuckets;
constexpr std::size_t kMailboxesSlot = kBuckets + 1;
constexpr std::size_t kMarksSlot = 2 * kBuckets;
constexpr std::size_t kSlots = 4 * kBuckets;

// So many chunks that are not full, and so many that are very small, are left alone.
constexpr std::size_t kPartialMax = 16;
constexpr std::uint64_t kSmallLeaves = kChunkLeaves / kPartialMax;

constexpr std::size_t kReadTextBytesMax = std::size_t{8} << 20U;

std::uint64_t part_id(std::uint64_t chunk, std::size_t slot) {
    return chunk * kSlots + slot;
}

}  // namespace

Result<ChunkStore> ChunkStore::open(Database& database) {
    ChunkStore store;
    store.chunks_ =
        TRY(database.prepare("SELECT id, first, last, since, until, text FROM chunk"
                             " WHERE last > ?1 AND until >= ?2 AND since <= ?3 ORDER BY first"));
    store.add_chunk_ = TRY(database.prepare(
        "INSERT INTO chunk SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, ?5 FROM chunk"
        " RETURNING id"));
    store.remove_chunk_ = TRY(database.prepare("DELETE FROM chunk WHERE id = ?"));
    store.part_ = TRY(database.prepare("SELECT bytes FROM part WHERE id = ?"));
    store.add_part_ = TRY(database.prepare("INSERT INTO part(id, bytes) VALUES(?, ?)"));
    store.remove_parts_ = TRY(database.prepare("DELETE FROM part WHERE id >= ? AND id < ?"));
    store.text_ = TRY(database.prepare("SELECT value FROM text WHERE id = ?"));
    store.add_text_ = TRY(database.prepare("INSERT INTO text(id, value) VALUES(?, ?)"));
    store.texts_ = TRY(database.prepare("SELECT id, value FROM text WHERE id >= ? ORDER BY id"));
    store.last_text_ = TRY(database.prepare("SELECT coalesce(max(id), 0) FROM text"));
    store.forget_texts_ = TRY(database.prepare("DELETE FROM text WHERE id < ?"));
    return store;
}

Result<Chunk> ChunkStore::chunk_at(const Statement& row) {
    const Chunk chunk{.id = row.number(0),
                      .first = row.number(1),
                      .end = row.number(2),
                      .extent = {.begin = row.integer(3), .end = row.integer(4)},
                      .text = static_cast<TextId>(row.number(5))};
    // Everything that is computed from the numbers of leaves relies on this.
    if (chunk.first >= chunk.end || chunk.end - chunk.first > kChunkLeaves ||
        chunk.end > std::uint64_t{1} << 62U) {
        return std::unexpected(damaged());
    }
    return chunk;
}

Result<std::vector<Chunk>> ChunkStore::chunks(std::uint64_t first, const TimeSpan& span) {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t until = span.until ? span.until->time_since_epoch().count() : Limits::max();
    std::vector<Chunk> found;
    if (span.until && until == Limits::min()) {
        return found;
    }
    chunks_.bind(1, first)
        .bind(2, span.since ? span.since->time_since_epoch().count() : Limits::min())
        .bind(3, span.until ? until - 1 : until);
    while (TRY(chunks_.step())) {
        auto chunk = chunk_at(chunks_);
        if (!chunk) {
            chunks_.reset();
            return std::unexpected(std::move(chunk).error());
        }
        found.push_back(*chunk);
    }
    chunks_.reset();
    return found;
}

Result<void> ChunkStore::put_part(std::uint64_t chunk, std::size_t slot, std::string_view bytes) {
    return add_part_.bind(1, part_id(chunk, slot)).bind(2, bytes).run();
}

Result<void> ChunkStore::with_part(std::uint64_t chunk,
                                   std::size_t slot,
                                   const std::function<Result<void>(std::string_view)>& use) {
    const bool there = TRY(part_.bind(1, part_id(chunk, slot)).step());
    Result<void> used = there ? use(part_.bytes(0)) : Result<void>();
    part_.reset();
    return used;
}

// Rows in the order of bucket, mailbox and leaf: dealt out to the buckets first, because sorting
// each of them is much cheaper than sorting all.
Result<void> ChunkStore::put_rows(Chunk& chunk, std::span<const PackedAccess> rows) {
    std::array<std::size_t, kBuckets + 1> ends{};
    for (const PackedAccess& row : rows) {
        ++ends[row.bucket + std::size_t{1}];
    }
    for (std::size_t i = 1; i < ends.size(); ++i) {
        ends[i] += ends[i - 1];
    }
    std::array<std::size_t, kBuckets + 1> next = ends;
    order_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        order_[next[rows[i].bucket]++] = (std::uint64_t{rows[i].mailbox()} << 32U) | i;
    }
    const BlockTimes times = block_times(chunk.first, chunk.end, rows);
    index::pack(times, packer_);
    TRY(put_part(chunk.id, kTimesSlot, packer_.sealed()));
    std::vector<TextId> mailboxes;
    std::vector<const PackedAccess*> bucket_rows;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        const auto keys = std::span(order_).subspan(ends[bucket], ends[bucket + 1] - ends[bucket]);
        if (keys.empty()) {
            continue;
        }
        std::ranges::sort(keys);
        bucket_rows.clear();
        for (const std::uint64_t key : keys) {
            bucket_rows.push_back(&rows[static_cast<std::uint32_t>(key)]);
            if (mailboxes.empty() || mailboxes.back() != bucket_rows.back()->mailbox()) {
                mailboxes.push_back(bucket_rows.back()->mailbox());
            }
        }
        codec_.pack(bucket_rows, chunk.first, times, packer_);
        TRY(put_part(chunk.id, bucket, packer_.sealed()));
    }
    std::ranges::sort(mailboxes);
    index::pack(mailboxes, packer_);
    return put_part(chunk.id, kMailboxesSlot, packer_.sealed());
}

Result<void> ChunkStore::put_marks(const Chunk& chunk, std::span<const ActorMark> marks) {
    const std::uint64_t first_block = chunk.first / kBlockLeaves;
    std::array<std::vector<std::uint32_t>, kBuckets> buckets;
    for (const ActorMark& mark : marks) {
        buckets[mark.key & 0xFFU].push_back(static_cast<std::uint32_t>(mark.key >> 8U)
                                                << kBlockBits |
                                            static_cast<std::uint32_t>(mark.block - first_block));
    }
    for (std::size_t i = 0; i < kBuckets; ++i) {
        if (!buckets[i].empty()) {
            pack_marks(buckets[i], packer_);
            TRY(put_part(chunk.id, kMarksSlot + i, packer_.sealed()));
        }
    }
    return {};
}

Result<void> ChunkStore::write(Chunk chunk,
                               std::span<const PackedAccess> rows,
                               std::span<const ActorMark> marks) {
    for (const PackedAccess& row : rows) {
        for (const TextId id : row.texts) {
            chunk.text = id == 0 ? chunk.text : std::min(chunk.text, id);
        }
    }
    add_chunk_.bind(1, chunk.first)
        .bind(2, chunk.end)
        .bind(3, chunk.extent.begin)
        .bind(4, chunk.extent.end)
        .bind(5, std::uint64_t{chunk.text});
    TRY(add_chunk_.step());
    chunk.id = add_chunk_.number(0);
    TRY(add_chunk_.run());
    if (!rows.empty()) {
        TRY(put_rows(chunk, rows));
    }
    return put_marks(chunk, marks);
}

Result<BlockTimes> ChunkStore::times(const Chunk& chunk) {
    Result<BlockTimes> result;
    TRY(with_part(chunk.id, kTimesSlot, [&](std::string_view bytes) -> Result<void> {
        result = unpack_times(bytes, chunk.first, chunk.end);
        return {};
    }));
    return result;
}

Result<void> ChunkStore::accesses(const Chunk& chunk,
                                  std::string_view mailbox,
                                  std::vector<PackedAccess>& rows) {
    const BlockTimes block_times = TRY(times(chunk));
    const std::uint8_t bucket = bucket_of(mailbox);
    const std::size_t before = rows.size();
    const auto wanted = [&](TextId id) -> Result<bool> { return TRY(text(id)) == mailbox; };
    TRY(with_part(chunk.id, bucket, [&](std::string_view bytes) {
        return codec_.unpack(bytes, bucket, chunk.first, block_times, wanted, rows);
    }));
    // A mailbox may have several numbers, where the pool forgot it in between.
    const auto added = std::span(rows).subspan(before);
    if (!std::ranges::is_sorted(added, {}, &PackedAccess::leaf)) {
        std::ranges::sort(added, {}, &PackedAccess::leaf);
    }
    return {};
}

Result<void> ChunkStore::all_rows(const Chunk& chunk, std::vector<PackedAccess>& rows) {
    const BlockTimes block_times = TRY(times(chunk));
    const std::size_t before = rows.size();
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        TRY(with_part(chunk.id, bucket, [&](std::string_view bytes) {
            return codec_.unpack(
                bytes,
                static_cast<std::uint8_t>(bucket),
                chunk.first,
                block_times,
                [](TextId) -> Result<bool> { return true; },
                rows);
        }));
        // A row for each leaf at most: nothing may make this grow without bound.
        if (rows.size() - before > kChunkLeaves) {
            return std::unexpected(damaged());
        }
    }
    return {};
}

Result<std::vector<TextId>> ChunkStore::mailboxes(const Chunk& chunk, std::uint64_t first) {
    if (chunk.first >= first) {
        Result<std::vector<TextId>> all;
        TRY(with_part(chunk.id, kMailboxesSlot, [&](std::string_view bytes) -> Result<void> {
            all = unpack_ids(bytes);
            return {};
        }));
        return all;
    }
    std::vector<TextId> ids;
    std::vector<PackedAccess> rows;
    TRY(all_rows(chunk, rows));
    for (const PackedAccess& row : rows) {
        if (row.leaf >= first) {
            ids.push_back(row.mailbox());
        }
    }
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    return ids;
}

Result<void> ChunkStore::blocks(const Chunk& chunk,
                                std::span<const std::uint16_t> keys,
                                const std::function<void(std::uint64_t)>& visit) {
    for (const std::uint16_t key : keys) {
        TRY(with_part(chunk.id, kMarksSlot + (key & 0xFFU), [&](std::string_view bytes) {
            return unpack_marks(bytes, [&](std::uint8_t high, std::uint64_t block) {
                if (high == key >> 8U) {
                    visit(chunk.first / kBlockLeaves + block);
                }
            });
        }));
    }
    return {};
}

Result<void> ChunkStore::all_marks(const Chunk& chunk, std::vector<ActorMark>& marks) {
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        TRY(with_part(chunk.id, kMarksSlot + bucket, [&](std::string_view bytes) {
            return unpack_marks(bytes, [&](std::uint8_t high, std::uint64_t block) {
                marks.push_back({.block = chunk.first / kBlockLeaves + block,
                                 .key = static_cast<std::uint16_t>(high << 8U | bucket)});
            });
        }));
    }
    return {};
}

Result<void> ChunkStore::remove(const Chunk& chunk) {
    TRY(remove_parts_.bind(1, part_id(chunk.id, 0)).bind(2, part_id(chunk.id + 1, 0)).run());
    return remove_chunk_.bind(1, chunk.id).run();
}

Result<void> ChunkStore::merge(std::span<const Chunk> chunks) {
    Chunk whole;
    whole.first = chunks.front().first;
    whole.end = chunks.back().end;
    std::vector<PackedAccess> rows;
    std::vector<ActorMark> marks;
    for (const Chunk& chunk : chunks) {
        whole.extent.begin = std::min(whole.extent.begin, chunk.extent.begin);
        whole.extent.end = std::max(whole.extent.end, chunk.extent.end);
        TRY(all_rows(chunk, rows));
        TRY(all_marks(chunk, marks));
        TRY(remove(chunk));
    }
    const auto outside = [&](const auto& row) {
        return row.leaf < whole.first || row.leaf >= whole.end;
    };
    if (std::ranges::any_of(rows, outside)) {
        return std::unexpected(damaged());
    }
    std::ranges::sort(rows, {}, &PackedAccess::leaf);
    return write(whole, rows, marks);
}

Result<void> ChunkStore::merge_small() {
    const std::vector<Chunk> all = TRY(chunks(0, {}));
    const auto since_larger = [&](std::uint64_t leaves) {
        std::size_t count = 0;
        while (count < all.size() &&
               all[all.size() - 1 - count].end - all[all.size() - 1 - count].first < leaves) {
            ++count;
        }
        return count;
    };
    const std::size_t small = since_larger(kSmallLeaves);
    const std::size_t partial = since_larger(kChunkLeaves / 2);
    const std::size_t count = partial >= kPartialMax ? partial : small >= kPartialMax ? small : 0;
    auto rest = std::span(all).last(count);
    while (!rest.empty()) {
        std::size_t taken = 1;
        while (taken < rest.size() && rest[taken].first == rest[taken - 1].end &&
               rest[taken].end - rest.front().first <= kChunkLeaves) {
            ++taken;
        }
        if (taken > 1) {
            TRY(merge(rest.first(taken)));
        }
        rest = rest.subspan(taken);
    }
    return {};
}

Result<void> ChunkStore::prune(std::uint64_t first) {
    for (const Chunk& chunk : TRY(chunks(0, {}))) {
        if (chunk.end <= first) {
            TRY(remove(chunk));
        }
    }
    return {};
}

Result<void> ChunkStore::add_text(TextId id, std::string_view text) {
    return add_text_.bind(1, std::uint64_t{id}).bind(2, text).run();
}

Result<void> ChunkStore::texts(TextId from,
                               const std::function<void(TextId, std::string_view)>& visit) {
    texts_.bind(1, std::uint64_t{from});
    while (TRY(texts_.step())) {
        visit(static_cast<TextId>(texts_.number(0)), texts_.bytes(1));
    }
    texts_.reset();
    return {};
}

Result<TextId> ChunkStore::last_text() {
    TRY(last_text_.step());
    const std::uint64_t last = last_text_.number(0);
    last_text_.reset();
    return last < kOwnTexts ? Result<TextId>(static_cast<TextId>(last))
                            : std::unexpected(damaged());
}

Result<void> ChunkStore::forget_texts(TextId below) {
    return forget_texts_.bind(1, std::uint64_t{below}).run();
}

Result<std::string_view> ChunkStore::text(TextId id) {
    if (id == 0) {
        return std::string_view();
    }
    if (const auto known = read_texts_.find(id); known != read_texts_.end()) {
        return std::string_view(known->second);
    }
    const bool there = TRY(text_.bind(1, std::uint64_t{id}).step());
    const std::string value(there ? text_.bytes(0) : std::string_view());
    text_.reset();
    if (!there) {
        return std::unexpected(damaged());
    }
    read_bytes_ += value.size() + 100;
    return std::string_view(read_texts_.emplace(id, value).first->second);
}

void ChunkStore::forget_read_texts() {
    if (read_bytes_ > kReadTextBytesMax) {
        read_texts_.clear();
        read_bytes_ = 0;
    }
}

}  // namespace mailvigil::evidence::index
